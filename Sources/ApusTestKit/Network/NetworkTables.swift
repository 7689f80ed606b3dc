// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// An object of the network, and which of its place's successive ones.
struct NetworkReference: Hashable {
  var index: UInt32
  var generation: UInt32

  static let none = NetworkReference(index: .max, generation: 0)
}

/// Objects by places that are given out again, at most so many.
struct NetworkTable<Element: AnyObject> {
  private var elements: [Element?] = []
  private var generations: [UInt32] = []
  private var free: [UInt32] = []
  private let countMax: Int

  init(countMax: Int) { self.countMax = countMax }

  var count: Int { elements.count - free.count }
  /// Places that were ever used.
  var placeCount: Int { elements.count }

  /// nil where the table is full.
  mutating func insert(_ make: (NetworkReference) -> Element) -> Element? {
    if let index = free.popLast() {
      let reference = NetworkReference(index: index, generation: generations[Int(index)])
      let element = make(reference)
      elements[Int(index)] = element
      return element
    }
    guard elements.count < countMax else { return nil }
    let element = make(NetworkReference(index: UInt32(elements.count), generation: 0))
    elements.append(element)
    generations.append(0)
    return element
  }

  subscript(reference: NetworkReference) -> Element? {
    guard Int(reference.index) < elements.count,
      generations[Int(reference.index)] == reference.generation
    else { return nil }
    return elements[Int(reference.index)]
  }

  subscript(place place: Int) -> Element? {
    elements.indices.contains(place) ? elements[place] : nil
  }

  mutating func remove(_ reference: NetworkReference) {
    guard self[reference] != nil else { return }
    elements[Int(reference.index)] = nil
    generations[Int(reference.index)] &+= 1
    free.append(reference.index)
  }
}

/// First in, first out; O(1) in the mean.
struct NetworkQueue<Element> {
  private var elements: [Element?] = []
  private var head = 0

  var count: Int { elements.count - head }

  mutating func append(_ element: Element) { elements.append(element) }

  mutating func popFirst() -> Element? {
    guard head < elements.count else { return nil }
    defer {
      elements[head] = nil
      head += 1
      if head > 64, head * 2 > elements.count {
        elements.removeFirst(head)
        head = 0
      }
    }
    return elements[head]
  }
}

/// Bytes of a stream between two of its offsets.
struct StreamBytes {
  private var bytes: [UInt8] = []
  private var head = 0

  var count: Int { bytes.count - head }

  mutating func append(_ source: UnsafeRawBufferPointer) {
    // SAFETY: the bytes are copied in the call.
    unsafe bytes.append(contentsOf: source)
  }

  /// Appends bytes of another one, from an offset behind its first byte on.
  mutating func append(_ other: borrowing StreamBytes, from offset: Int, count: Int) {
    let start = other.head + offset
    bytes.append(contentsOf: other.bytes[start..<(start + count)])
  }

  /// Moves the first bytes out.
  mutating func take(_ count: Int, to target: UnsafeMutableRawPointer) {
    unsafe bytes.withUnsafeBytes { own in
      // SAFETY: the slice is checked to lie inside; the caller's target has room for `count`.
      unsafe UnsafeMutableRawBufferPointer(start: target, count: count).copyMemory(
        from: UnsafeRawBufferPointer(rebasing: own[head..<(head + count)]))
    }
    drop(count)
  }

  mutating func drop(_ count: Int) {
    head += count
    if head == bytes.count {
      bytes.removeAll(keepingCapacity: true)
      head = 0
    } else if head > 4_096, head * 2 > bytes.count {
      bytes.removeFirst(head)
      head = 0
    }
  }

  mutating func removeAll() { self = StreamBytes() }
}
