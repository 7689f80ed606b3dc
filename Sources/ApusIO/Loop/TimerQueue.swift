// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

package import ApusEngine

/// Timers by their time: a binary heap of fixed size whose entries can be taken out.
@safe
package struct TimerQueue: ~Copyable {
  private struct Timer: BitwiseCopyable {
    var due: UInt64 = 0
    var token: UInt64 = 0
    /// Set in which order, so that timers of the same time are due in that order.
    var order: UInt64 = 0
    var generation: UInt32 = 0
    /// Place in the heap; -1 for one that is not set.
    var place: Int32 = -1
  }

  private let timers: UnsafeMutablePointer<Timer>
  private let heap: UnsafeMutablePointer<UInt32>
  /// The free ones, behind each other, from the end on.
  private let free: UnsafeMutablePointer<UInt32>
  private let state: UnsafeMutablePointer<(count: Int, order: UInt64)>
  private let capacity: Int

  package init(capacity: Int) {
    self.capacity = capacity
    let room = max(1, capacity)
    // SAFETY: as long as `room` says, initialised, and freed in `deinit`.
    unsafe timers = .allocate(capacity: room)
    unsafe timers.initialize(repeating: Timer(), count: room)
    unsafe heap = .allocate(capacity: room)
    unsafe free = .allocate(capacity: room)
    for index in 0..<room { unsafe free[index] = UInt32(room - 1 - index) }
    unsafe state = .allocate(capacity: 1)
    unsafe state.initialize(to: (0, 0))
  }

  deinit {
    unsafe timers.deallocate()
    unsafe heap.deallocate()
    unsafe free.deallocate()
    unsafe state.deallocate()
  }

  package var count: Int { unsafe state.pointee.count }

  /// When the next one is due; nil where none is set.
  package var nextDue: Nanoseconds? {
    count > 0 ? unsafe Nanoseconds(timers[Int(heap[0])].due) : nil
  }

  /// Sets one; nil where all are used.
  package func schedule(at due: Nanoseconds, token: UInt64) -> TimerID? {
    guard count < capacity else { return nil }
    let index = unsafe free[capacity - count - 1]
    unsafe timers[Int(index)].due = due.rawValue
    unsafe timers[Int(index)].token = token
    unsafe timers[Int(index)].order = state.pointee.order
    unsafe state.pointee.order &+= 1
    unsafe heap[count] = index
    unsafe timers[Int(index)].place = Int32(count)
    unsafe state.pointee.count += 1
    rise(count - 1)
    return unsafe TimerID(index: index, generation: timers[Int(index)].generation)
  }

  /// Takes one out; false where it is due already, or was taken out.
  @discardableResult
  package func cancel(_ timer: TimerID) -> Bool {
    guard Int(timer.index) < capacity,
      unsafe timers[Int(timer.index)].generation == timer.generation,
      unsafe timers[Int(timer.index)].place >= 0
    else { return false }
    unsafe remove(Int(timers[Int(timer.index)].place))
    return true
  }

  /// The next one that is due.
  package func takeDue(_ now: Nanoseconds) -> (timer: TimerID, token: UInt64)? {
    guard let due = nextDue, due <= now else { return nil }
    let index = unsafe heap[0]
    let timer = unsafe TimerID(index: index, generation: timers[Int(index)].generation)
    let token = unsafe timers[Int(index)].token
    remove(0)
    return (timer, token)
  }

  // SAFETY, of everything below: places are below `count`, and so inside the heap; what the heap holds
  // are indices of timers.

  private func isBefore(_ left: Int, _ right: Int) -> Bool {
    let one = unsafe timers[Int(heap[left])]
    let other = unsafe timers[Int(heap[right])]
    return one.due != other.due ? one.due < other.due : one.order < other.order
  }

  private func exchange(_ left: Int, _ right: Int) {
    let (one, other) = unsafe (heap[left], heap[right])
    unsafe heap[left] = other
    unsafe heap[right] = one
    unsafe timers[Int(other)].place = Int32(left)
    unsafe timers[Int(one)].place = Int32(right)
  }

  private func remove(_ place: Int) {
    let last = count - 1
    let index = unsafe heap[place]
    if place != last { exchange(place, last) }
    unsafe state.pointee.count = last
    unsafe timers[Int(index)].place = -1
    unsafe timers[Int(index)].generation &+= 1
    unsafe free[capacity - last - 1] = index
    guard place < last else { return }
    rise(place)
    sink(place)
  }

  private func rise(_ start: Int) {
    var place = start
    while place > 0, isBefore(place, (place - 1) / 2) {
      exchange(place, (place - 1) / 2)
      place = (place - 1) / 2
    }
  }

  private func sink(_ start: Int) {
    var place = start
    while true {
      var least = place
      for child in (2 * place + 1)...(2 * place + 2) where child < count && isBefore(child, least) {
        least = child
      }
      if least == place { return }
      exchange(place, least)
      place = least
    }
  }
}
