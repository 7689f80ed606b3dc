// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Something that happens in the network at a time.
struct NetworkEvent {
  enum Kind: UInt8 {
    /// The packets of a stream, from `source` to the end that it is connected with.
    case connect, accept, segment
    /// To `target`: everything before `first` came, and there is room up to `second`.
    case acknowledge
    /// To `target`, with the errno `first`.
    case reset
    /// Of `source`: it may have waited too long.
    case timer
    /// `source` is the datagram.
    case datagram
  }
  var time: UInt64
  /// Events of the same time happen in the order in which they were planned.
  var order: UInt64 = 0
  var kind: Kind
  var source = NetworkReference.none
  var target = NetworkReference.none
  var first = 0
  var second = 0
}

/// Events by their time: a binary heap.
struct NetworkEventQueue {
  private var heap: [NetworkEvent] = []
  private var order: UInt64 = 0

  var count: Int { heap.count }
  var nextTime: UInt64? { heap.first?.time }

  mutating func insert(_ event: NetworkEvent) {
    var event = event
    event.order = order
    order += 1
    heap.append(event)
    var place = heap.count - 1
    while place > 0 {
      let parent = (place - 1) / 2
      guard isBefore(place, parent) else { return }
      heap.swapAt(place, parent)
      place = parent
    }
  }

  mutating func popFirst() -> NetworkEvent? {
    guard let first = heap.first else { return nil }
    heap.swapAt(0, heap.count - 1)
    heap.removeLast()
    var place = 0
    while true {
      var least = place
      for child in (2 * place + 1)...(2 * place + 2)
      where child < heap.count && isBefore(child, least) { least = child }
      if least == place { return first }
      heap.swapAt(place, least)
      place = least
    }
  }

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    heap[left].time != heap[right].time
      ? heap[left].time < heap[right].time : heap[left].order < heap[right].order
  }
}
