// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusThreads

/// What waiting to push is made of: the same for the producers of all rings of elements, which differ
/// in where they find room.
@usableFromInline
protocol ElementProducer<Element>: ~Copyable {
  associatedtype Element: BitwiseCopyable
  var wait: WaitStrategy { get }
  mutating func tryPush(_ element: Element) -> Bool
  /// `.pushed` when there is room.
  mutating func waitForRoom(until deadline: WaitDeadline) -> PushOutcome
}

extension ElementProducer where Self: ~Copyable {
  /// Pushes an element for which there was no room a moment ago.
  @inlinable @inline(never)
  mutating func pushWaiting(_ element: Element) -> PushOutcome {
    let deadline = wait.deadline()
    while true {
      let outcome = waitForRoom(until: deadline)
      guard outcome == .pushed else { return outcome }
      if tryPush(element) { return .pushed }
    }
  }
}

/// What waiting to pop is made of: the same for the consumers of all rings of elements.
@usableFromInline
protocol ElementConsumer<Element>: ~Copyable {
  associatedtype Element: BitwiseCopyable
  var wait: WaitStrategy { get }
  mutating func tryPop() -> Element?
  mutating func waitForElement(until deadline: WaitDeadline) -> RingWait
}

extension ElementConsumer where Self: ~Copyable {
  /// Pops an element when there was none a moment ago.
  @inlinable @inline(never)
  mutating func popWaiting() -> PopOutcome<Element> {
    let deadline = wait.deadline()
    while true {
      let outcome = waitForElement(until: deadline)
      // Also after a wait that failed: what came since is not left behind.
      if let element = tryPop() { return .element(element) }
      switch outcome {
      case .ready: continue
      case .refused: return .empty
      case .timedOut: return .timedOut
      case .closed: return .closed
      case .peerDied: return .peerDied
      }
    }
  }
}
