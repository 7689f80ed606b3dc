// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

package import ApusEngine
internal import CApusIO

/// What changes in a loop, behind a pointer: fields of a class are checked for exclusive access each
/// time, which showed in the loop of small messages.
package struct LoopState: BitwiseCopyable {
  package var counters = IOCounters()
  package var now = Nanoseconds.zero
  /// Whether this step's events have one of the waker.
  package var isWokenShown = false
  package var areTimersFirst = true
  /// Receive buffers of io_uring that the kernel does not have: shown to the caller, or held.
  package var lentBlockCount = 0
  package var isWakerArmed = false

  package init() {}

  /// Bytes in front of a datagram in its buffer.
  package static var datagramHeadroom: Int { Int(capus_datagram_headroom) }
}

/// Buffers and descriptors that the events of the last step have shown.
@safe
package struct DeliveredBuffers: ~Copyable {
  private let blocks: UnsafeMutablePointer<UInt32>
  private let descriptors: UnsafeMutablePointer<Int32>
  private let counts: UnsafeMutablePointer<(blocks: Int, datagrams: Int, descriptors: Int)>
  private let capacity: Int
  private let descriptorCapacity: Int

  package init(capacity: Int, descriptorCapacity: Int) {
    self.capacity = capacity
    self.descriptorCapacity = descriptorCapacity
    // SAFETY: as long as the capacities say, and freed in `deinit`.
    unsafe blocks = .allocate(capacity: capacity)
    unsafe descriptors = .allocate(capacity: descriptorCapacity)
    unsafe counts = .allocate(capacity: 1)
    unsafe counts.initialize(to: (0, 0, 0))
  }

  deinit {
    unsafe blocks.deallocate()
    unsafe descriptors.deallocate()
    unsafe counts.deallocate()
  }

  // SAFETY, of everything below: blocks of connections are counted from the front and datagrams from the
  // back, and each buffer is shown once until it is taken back; descriptors have a check.

  /// Buffers that the next step takes back.
  package var count: Int { unsafe counts.pointee.blocks + counts.pointee.datagrams }

  package func append(block: UInt32) {
    precondition(
      unsafe counts.pointee.blocks + counts.pointee.datagrams < capacity,
      "DeliveredBuffers: expected each buffer once")
    unsafe blocks[counts.pointee.blocks] = block
    unsafe counts.pointee.blocks += 1
  }

  package func append(datagram: UInt32) {
    precondition(
      unsafe counts.pointee.blocks + counts.pointee.datagrams < capacity,
      "DeliveredBuffers: expected each buffer once")
    unsafe counts.pointee.datagrams += 1
    unsafe blocks[capacity - counts.pointee.datagrams] = datagram
  }

  /// False where there is no room.
  package func append(descriptor: Int32) -> Bool {
    guard unsafe counts.pointee.descriptors < descriptorCapacity else { return false }
    unsafe descriptors[counts.pointee.descriptors] = descriptor
    unsafe counts.pointee.descriptors += 1
    return true
  }

  package func takeBlock() -> UInt32? {
    guard unsafe counts.pointee.blocks > 0 else { return nil }
    unsafe counts.pointee.blocks -= 1
    return unsafe blocks[counts.pointee.blocks]
  }

  package func takeDatagram() -> UInt32? {
    guard unsafe counts.pointee.datagrams > 0 else { return nil }
    unsafe counts.pointee.datagrams -= 1
    return unsafe blocks[capacity - counts.pointee.datagrams - 1]
  }

  package func takeDescriptor() -> Int32? {
    guard unsafe counts.pointee.descriptors > 0 else { return nil }
    unsafe counts.pointee.descriptors -= 1
    return unsafe descriptors[counts.pointee.descriptors]
  }

  /// Takes one out; false where it is not there.
  package func remove(descriptor: Int32) -> Bool {
    let count = unsafe counts.pointee.descriptors
    for index in 0..<count where unsafe descriptors[index] == descriptor {
      unsafe descriptors[index] = descriptors[count - 1]
      unsafe counts.pointee.descriptors = count - 1
      return true
    }
    return false
  }
}
