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
  // SAFETY: the array has as many bytes as the call is told.
  guard unsafe capus_thread_permitted_cpus(&permitted, CInt(permitted.count)) == 0 else {
    return []
  }
  return permitted.indices.filter { permitted[$0] != 0 }
}

/// The CPUs the calling thread may run on, ascending.
public func allowedCPUs() -> [Int] {
  var allowed = [UInt8](repeating: 0, count: 1_024)
  // SAFETY: the array has as many bytes as the call is told.
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

/// A thread with a name that is bound to its CPU before its first instruction.
///
/// Affinity is set before the thread starts: a thread that binds itself first runs on its parent's
/// CPU, where a spinning parent may keep it from ever running.
///
/// - Threading: `join` from one thread, once; `deinit` joins as well.
@safe
public final class PinnedThread: @unchecked Sendable {
  // SAFETY: `handle` and `isJoined` are touched only by the owner, who calls `join`; the thread
  // itself reads nothing of this object.
  private var handle = pthread_t()
  private var isJoined = false
  /// Name as the kernel shows it: at most 15 bytes of UTF-8, cut between characters.
  public let name: String
  /// CPU it is bound to; nil where it is free.
  public let cpuIndex: Int?

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread.
  ///
  /// - Parameters:
  ///   - name: Name in `/proc`, `top` and debuggers; cut after 15 bytes.
  ///   - cpuIndex: CPU to bind it to; nil leaves it to the scheduler.
  ///   - body: What it does.
  /// - Throws: ``ThreadError`` when the CPU is not available or no thread could be had.
  public init(
    name: String, cpuIndex: Int?, body: @escaping @Sendable () -> Void
  ) throws(ThreadError) {
    self.name = Self.kernelName(name)
    self.cpuIndex = cpuIndex
    if let cpuIndex { try checkAvailable(cpuIndex) }
    let context = unsafe Unmanaged.passRetained(Body(body))
    // SAFETY: the context is retained until the thread takes it; the closure captures nothing.
    let result = unsafe capus_thread_start(
      &handle, self.name, CInt(cpuIndex ?? -1),
      { context in
        guard let context = unsafe context else { return nil }
        unsafe Unmanaged<Body>.fromOpaque(context).takeRetainedValue().run()
        return nil
      }, context.toOpaque())
    guard result == 0 else {
      unsafe context.release()
      isJoined = true
      throw .system(operation: "pthread_create \(name)", errno: -result)
    }
  }

  /// Waits until the thread's body has returned.
  public func join() {
    guard !isJoined else { return }
    isJoined = true
    // The thread itself may hold the last reference; it cannot wait for its own end.
    if pthread_equal(handle, pthread_self()) != 0 {
      _ = pthread_detach(handle)
      return
    }
    // SAFETY: the thread was started and is joined once.
    _ = pthread_join(handle, nil)
  }

  deinit { join() }

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
