// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Synchronization

/// Carries one value that cannot be copied into an escaping closure: put in by one thread, taken
/// out once by another.
///
/// Closures can capture such a value but not give it away, since they may be called twice.
@safe
public final class Handoff<Value: ~Copyable & Sendable>: @unchecked Sendable {
  // SAFETY: whoever wins the exchange of `isTaken` is the only one to touch `value` after `init`.
  private let isTaken = Atomic(false)
  private var value: Value?

  /// Holds a value until it is taken.
  public init(_ value: consuming Value) { self.value = consume value }

  /// The value, the first time; nil afterwards.
  public func take() -> Value? {
    guard !isTaken.exchange(true, ordering: .acquiringAndReleasing) else { return nil }
    return value.take()
  }
}

extension PinnedThread {
  /// Starts a thread and moves a value to it: the end of a ring, for instance.
  ///
  /// - Throws: ``ThreadError`` when the CPU is not available or no thread could be started.
  public convenience init<Value: ~Copyable & Sendable>(
    name: String, cpuIndex: Int?, moving value: consuming Value,
    body: @escaping @Sendable (consuming Value) -> Void
  ) throws(ThreadError) {
    let handoff = Handoff(value)
    try self.init(name: name, cpuIndex: cpuIndex) {
      if let value = handoff.take() { body(value) }
    }
  }
}
