// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusPlatform
internal import Glibc

/// Binds the calling thread to one CPU.
///
/// - Throws: ``ThreadError/cpuUnavailable(cpuIndex:allowed:)`` for a CPU that does not exist or is
///   not in this process's set.
public func pinCurrentThread(cpuIndex: Int) throws(ThreadError) {
  try checkAvailable(cpuIndex)
  let result = capus_thread_pin(UInt32(cpuIndex))
  guard result == 0 else { throw .system(operation: "pthread_setaffinity_np", errno: -result) }
}

/// The CPUs the calling thread may run on, ascending.
public func allowedCPUs() -> [Int] {
  var allowed = [UInt8](repeating: 0, count: 1_024)
  // SAFETY: the array has as many bytes as the call is told.
  guard unsafe capus_thread_allowed_cpus(&allowed, CInt(allowed.count)) == 0 else { return [] }
  return allowed.indices.filter { allowed[$0] != 0 }
}

private func checkAvailable(_ cpuIndex: Int) throws(ThreadError) {
  let allowed = allowedCPUs()
  guard allowed.contains(cpuIndex) else {
    throw .cpuUnavailable(cpuIndex: cpuIndex, allowed: allowed)
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
  /// Name as the kernel shows it: at most 15 bytes.
  public let name: String
  /// CPU it is bound to; nil where it is free.
  public let cpuIndex: Int?

  private final class Body: Sendable {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
  }

  /// Starts a thread.
  ///
  /// - Throws: ``ThreadError`` when the CPU is not available or no thread could be had.
  public init(
    name: String, cpuIndex: Int?, body: @escaping @Sendable () -> Void
  ) throws(ThreadError) {
    self.name = name
    self.cpuIndex = cpuIndex
    if let cpuIndex { try checkAvailable(cpuIndex) }
    let context = unsafe Unmanaged.passRetained(Body(body))
    // SAFETY: the context is retained until the thread takes it; the closure captures nothing.
    let result = unsafe capus_thread_start(
      &handle, name, CInt(cpuIndex ?? -1),
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
    // SAFETY: the thread was started and is joined once.
    _ = pthread_join(handle, nil)
  }

  deinit { join() }
}
