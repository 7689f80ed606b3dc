// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusPlatform
internal import Glibc

/// Binds the calling thread to one CPU.
///
/// - Throws: ``ThreadError/cpuUnavailable(cpuIndex:allowed:)`` for a CPU that does not exist or is
///   outside this process's cpuset.
public func pinCurrentThread(cpuIndex: Int) throws(ThreadError) {
  try checkAvailable(cpuIndex)
  let result = capus_thread_pin(UInt32(cpuIndex))
  guard result == 0 else { throw .system(operation: "pthread_setaffinity_np", errno: -result) }
}

/// The CPUs that threads of this process may be bound to, ascending, whatever the calling thread is
/// bound to now.
public func permittedCPUs() -> [Int] {
  var permitted = [UInt8](repeating: 0, count: 1_024)
  // SAFETY: the array has as many bytes as the call is given.
  guard unsafe capus_thread_permitted_cpus(&permitted, CInt(permitted.count)) == 0 else {
    return []
  }
  return permitted.indices.filter { permitted[$0] != 0 }
}

/// The CPUs the calling thread may run on, ascending.
public func allowedCPUs() -> [Int] {
  var allowed = [UInt8](repeating: 0, count: 1_024)
  // SAFETY: the array has as many bytes as the call is given.
  guard unsafe capus_thread_allowed_cpus(&allowed, CInt(allowed.count)) == 0 else { return [] }
  return allowed.indices.filter { allowed[$0] != 0 }
}

private func checkAvailable(_ cpuIndex: Int) throws(ThreadError) {
  // Not the calling thread's own set: one that is bound already may still bind others elsewhere.
  let permitted = permittedCPUs()
  guard permitted.contains(cpuIndex) else {
    throw .cpuUnavailable(cpuIndex: cpuIndex, allowed: permitted)
  }
}

/// What a thread got of what was asked for.
public struct ThreadPlacement: Sendable, Equatable {
  /// CPU it is bound to; nil where it is free.
  public var cpuIndex: Int?
  /// NUMA node it prefers for the memory it touches first; nil where it has no preference.
  public var numaNode: Int?
  /// Priority it has in the kernel's first in, first out class; nil where it has none.
  public var realTimePriority: Int?
  /// What was asked for and is not available, each with what to do.
  public var shortfalls: [String]
}

/// A thread with a name that is bound to its CPU before its first instruction.
///
/// Affinity, memory policy and priority are set before the thread starts: a thread that binds
/// itself first runs on its parent's CPU, where a spinning parent may keep it from ever running.
///
/// A trap, an invalid access or an abort on the thread writes one line with its name to standard
/// error before the process dies of that signal.
///
/// ```swift
/// let thread = try PinnedThread(configuration: .init(name: "matcher", cpuIndex: 3)) { token in
///   while !token.isStopped { host.step() }
/// }
/// …
/// thread.stop()
/// guard thread.join(timeout: .seconds(5)) else { … }
/// ```
///
/// - Threading: `stop` from any thread; `join` from one thread; `deinit` stops and joins as well.
@safe
public final class PinnedThread: @unchecked Sendable {
  /// How a thread is placed.
  public struct Configuration: Sendable, Equatable {
    /// Shown by the kernel (its first 15 bytes) and in a report of a panic (its first 63).
    public var name: String
    /// CPU to bind to; nil leaves it free. A CPU that is not available is an error.
    public var cpuIndex: Int?
    /// NUMA node preferred for memory that the thread touches first; nil as the creating thread.
    public var numaNode: Int?
    /// Priority in the kernel's first in, first out class. Shape: 1...99. nil as the creating
    /// thread.
    ///
    /// Never spin at real-time priority: a body that polls keeps everything else off its CPU for
    /// good, the thread it waits for and the kernel's own work included. Give it only to a body
    /// that blocks.
    public var realTimePriority: Int?

    /// A configuration; the default places nothing.
    public init(
      name: String, cpuIndex: Int? = nil, numaNode: Int? = nil, realTimePriority: Int? = nil
    ) {
      self.name = name
      self.cpuIndex = cpuIndex
      self.numaNode = numaNode
      self.realTimePriority = realTimePriority
    }
  }

  // SAFETY: `handle` and `isJoined` are touched only by the owner, who calls `join`; the thread
  // itself reads nothing of this object. The token is one atomic.
  private var handle = pthread_t()
  private var isJoined = false
  private let token = StopToken()
  /// Name as the kernel shows it: at most 15 bytes of UTF-8, cut between characters.
  public let name: String
  /// What the thread got.
  public let placement: ThreadPlacement
  /// CPU it is bound to; nil where it is free.
  public var cpuIndex: Int? { placement.cpuIndex }

  private final class Body: Sendable {
    let token: StopToken
    let run: @Sendable (StopToken) -> Void
    init(_ token: StopToken, _ run: @escaping @Sendable (StopToken) -> Void) {
      self.token = token
      self.run = run
    }
  }

  /// Starts a thread.
  ///
  /// A node or a priority that is not available is not an error: ``placement`` reports it.
  ///
  /// - Parameter body: Runs on the thread and should return soon after its token says so.
  /// - Throws: ``ThreadError`` when the CPU is not available, the priority is out of range or no
  ///   thread could be started.
  public init(
    configuration: Configuration, body: @escaping @Sendable (StopToken) -> Void
  ) throws(ThreadError) {
    name = Self.kernelName(configuration.name)
    if let cpuIndex = configuration.cpuIndex { try checkAvailable(cpuIndex) }
    if let priority = configuration.realTimePriority, !(1...99).contains(priority) {
      throw .realTimePriorityOutOfRange(priority)
    }
    var placement = ThreadPlacement(
      cpuIndex: configuration.cpuIndex, numaNode: nil, realTimePriority: nil, shortfalls: [])
    // The thread inherits it.
    let preference = configuration.numaNode.map { NUMAPreference.begin($0) }
    defer { preference?.end() }
    if let shortfall = preference?.shortfall {
      placement.shortfalls.append(shortfall)
    } else {
      placement.numaNode = configuration.numaNode
    }

    let context = unsafe Unmanaged.passRetained(Body(token, body))
    var result: CInt = -EPERM
    if let priority = configuration.realTimePriority {
      result = unsafe Self.start(
        &handle, configuration, priority: priority, context.toOpaque())
      if result == 0 {
        placement.realTimePriority = priority
      } else {
        placement.shortfalls.append(
          "real-time priority \(priority): errno \(-result); allow it: ulimit -r \(priority), or "
            + "LimitRTPRIO=\(priority) in the service's unit")
      }
    }
    if result != 0 {
      result = unsafe Self.start(&handle, configuration, priority: 0, context.toOpaque())
    }
    self.placement = placement
    guard result == 0 else {
      unsafe context.release()
      isJoined = true
      throw .system(operation: "pthread_create \(configuration.name)", errno: -result)
    }
  }

  /// Starts a thread whose body ends by itself.
  ///
  /// - Throws: ``ThreadError`` when the CPU is not available or no thread could be started.
  public convenience init(
    name: String, cpuIndex: Int?, body: @escaping @Sendable () -> Void
  ) throws(ThreadError) {
    try self.init(configuration: Configuration(name: name, cpuIndex: cpuIndex)) { _ in body() }
  }

  /// Tells the body to return; it does when it next looks at its token.
  public func stop() { token.stop() }

  /// Waits until the thread's body has returned.
  public func join() { _ = join(timeoutNanoseconds: -1) }

  /// Waits until the thread's body has returned, at most so long.
  ///
  /// - Returns: `false` when the thread runs on; it can be joined again.
  public func join(timeout: Duration) -> Bool {
    let (seconds, attoseconds) = timeout.components
    // A year is for ever; it keeps the sum below within 64 bits.
    let whole = min(max(seconds, 0), 31_536_000) * 1_000_000_000
    return join(timeoutNanoseconds: max(0, whole + max(0, attoseconds) / 1_000_000_000))
  }

  deinit {
    stop()
    join()
  }

  private func join(timeoutNanoseconds: Int64) -> Bool {
    guard !isJoined else { return true }
    // The thread itself may hold the last reference; it cannot wait for its own end.
    if pthread_equal(handle, pthread_self()) != 0 {
      isJoined = true
      _ = pthread_detach(handle)
      return true
    }
    isJoined = capus_thread_join(handle, timeoutNanoseconds) != -ETIMEDOUT
    return isJoined
  }

  private static func start(
    _ handle: inout pthread_t, _ configuration: Configuration, priority: Int,
    _ context: UnsafeMutableRawPointer
  ) -> CInt {
    // SAFETY: the context is retained until the thread takes it; the closure captures nothing.
    unsafe capus_thread_start(
      &handle, configuration.name, CInt(configuration.cpuIndex ?? -1), CInt(priority),
      { context in
        guard let context = unsafe context else { return nil }
        let body = unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue()
        body.run(body.token)
        return nil
      }, context)
  }

  private static func kernelName(_ name: String) -> String {
    var kept = ""
    var byteCount = 0
    for scalar in name.unicodeScalars {
      byteCount += UTF8.width(scalar)
      if scalar.value == 0 || byteCount > 15 { break }
      kept.unicodeScalars.append(scalar)
    }
    return kept
  }
}
