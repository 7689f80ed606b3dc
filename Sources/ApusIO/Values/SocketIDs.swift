// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A slot of a loop's table, and which of its successive users is meant.
@frozen
@usableFromInline
package struct SlotHandle: Hashable, Sendable, BitwiseCopyable {
  package let index: UInt32
  package let generation: UInt32

  package init(index: UInt32, generation: UInt32) {
    self.index = index
    self.generation = generation
  }
}

/// A socket that takes connections. It names nothing once the loop has closed it.
public struct ListenerID: Hashable, Sendable, BitwiseCopyable {
  package let handle: SlotHandle
  package init(_ handle: SlotHandle) { self.handle = handle }
}

/// A connection: TCP, or a Unix socket. It names nothing once ``IOEvent/closed(_:_:)`` was taken.
public struct ConnectionID: Hashable, Sendable, BitwiseCopyable {
  package let handle: SlotHandle
  package init(_ handle: SlotHandle) { self.handle = handle }

  /// Its place in the loop, for tables of the caller: below ``EventLoopConfiguration/socketCountMax``, and
  /// given out again after the connection is closed.
  public var index: Int { Int(handle.index) }
}

/// A UDP socket.
public struct DatagramSocketID: Hashable, Sendable, BitwiseCopyable {
  package let handle: SlotHandle
  package init(_ handle: SlotHandle) { self.handle = handle }
}

/// A file that the loop reads and writes.
public struct FileID: Hashable, Sendable, BitwiseCopyable {
  package let handle: SlotHandle
  package init(_ handle: SlotHandle) { self.handle = handle }
}

/// A buffer for one operation on a file at a time.
public struct FileBufferID: Hashable, Sendable, BitwiseCopyable {
  package let index: UInt32
  package init(index: UInt32) { self.index = index }
}

/// A timer that was set.
public struct TimerID: Hashable, Sendable, BitwiseCopyable {
  package let index: UInt32
  package let generation: UInt32
}
