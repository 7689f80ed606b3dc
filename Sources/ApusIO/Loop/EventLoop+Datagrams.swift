// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine

/// How a UDP socket is made.
public struct DatagramOptions: Sendable {
  /// Lets several sockets of one port share what comes (`SO_REUSEPORT`).
  public var sharesPort = false
  /// Groups that it joins.
  public var groups: [SocketAddress] = []
  /// Where groups are joined and sent to: an address of the interface; for IPv6 one with its scope. nil lets
  /// the kernel choose.
  public var multicastInterface: SocketAddress?
  /// How many routers what is sent to groups passes. Shape: 0 to 255.
  public var multicastHopCountMax = 1
  /// Whether this machine gets what is sent to groups too.
  public var multicastLoops = true
  /// Sizes of the kernel's buffers; 0 leaves the kernel's choice. Unit: bytes.
  public var kernelReceiveByteCount = 0
  /// As ``kernelReceiveByteCount``, for sending.
  public var kernelSendByteCount = 0

  /// The kernel's choice everywhere.
  public init() {}
}

/// What became of a datagram.
public enum DatagramSendOutcome: Sendable, Equatable {
  /// It leaves with the next step.
  case queued
  /// There was no room, and it is lost: counted in ``IOCounters/refusedDatagramCount``.
  case full
  /// It is longer than a buffer holds.
  case tooLong
  /// The socket is closed.
  case closed
}

extension EventLoop {
  /// Opens a UDP socket.
  ///
  /// - Returns: The socket, and its address with the port that the kernel chose for port 0.
  /// - Throws: ``IOError`` with the kernel's errno, or for a loop without buffers for datagrams.
  public final func openDatagramSocket(
    at address: SocketAddress, options: DatagramOptions = .init()
  ) throws(IOError) -> (socket: DatagramSocketID, address: SocketAddress) {
    guard configuration.datagramBufferCount > 0 else {
      throw .configuration(
        field: "datagramBufferCount", value: "0", expected: "buffers to receive datagrams into")
    }
    let (handle, bound) = try makeDatagramSocket(address, options)
    return (DatagramSocketID(handle), bound)
  }

  /// Lets `body` read a datagram. It is valid until the next step.
  @inline(__always)
  public final func withBytes<T>(of datagram: ReceivedDatagram, _ body: (RawSpan) -> T) -> T {
    // SAFETY: the buffer is the caller's until the next step, and has at least so many bytes.
    body(unsafe RawSpan(_unsafeBytes: bytes(of: datagram)))
  }

  @unsafe
  package final func bytes(of datagram: ReceivedDatagram) -> UnsafeRawBufferPointer {
    precondition(
      Int(datagram.byteCount) <= datagramBlocks.blockByteCount - LoopState.datagramHeadroom,
      "EventLoop: expected a datagram of this loop")
    // SAFETY: the pool checks the index; the bytes are behind the headroom.
    return unsafe UnsafeRawBufferPointer(
      start: datagramBlocks.bytes(datagram.block) + LoopState.datagramHeadroom,
      count: Int(datagram.byteCount))
  }

  /// Who sent a datagram. Valid until the next step.
  public final func source(of datagram: ReceivedDatagram) -> SocketAddress {
    // SAFETY: the headroom has the length of the address and, from byte 16, the address.
    let block = unsafe UnsafeRawBufferPointer(
      start: datagramBlocks.bytes(datagram.block), count: LoopState.datagramHeadroom)
    return unsafe SocketAddress(
      byteCount: block.load(as: UInt32.self), bytes: UnsafeRawBufferPointer(rebasing: block[16...]))
  }

  /// Queues a datagram, to be sent with the next step.
  ///
  /// - Complexity: O(bytes), one copy; no system call.
  public final func send(
    _ bytes: RawSpan, to address: SocketAddress, on socket: DatagramSocketID
  ) -> DatagramSendOutcome {
    // SAFETY: the bytes are copied in the call.
    unsafe bytes.withUnsafeBytes { unsafe send($0, to: address, on: socket) }
  }

  /// Sends the bytes of a datagram that came.
  public final func send(
    _ datagram: ReceivedDatagram, to address: SocketAddress, on socket: DatagramSocketID
  ) -> DatagramSendOutcome {
    // SAFETY: the buffer stays until the next step, and the bytes are copied in the call.
    unsafe send(bytes(of: datagram), to: address, on: socket)
  }

  private final func send(
    _ bytes: UnsafeRawBufferPointer, to address: SocketAddress, on socket: DatagramSocketID
  ) -> DatagramSendOutcome {
    guard let index = slots.index(socket.handle), !slots[index].flags.contains(.tearing) else {
      return .closed
    }
    let recordByteCount = DatagramRecord.byteCount(bytes.count)
    guard recordByteCount <= sendBlocks.blockByteCount, bytes.count <= 65_507 else {
      return .tooLong
    }
    guard slots[index].queuedByteCount + recordByteCount <= configuration.queuedByteCountMax,
      let block = datagramBlock(index, recordByteCount)
    else {
      unsafe state.pointee.counters.refusedDatagramCount &+= 1
      return .full
    }
    let fill = sendBlocks.fill(block)
    // SAFETY: the block has room for the record behind its fill.
    unsafe DatagramRecord.write(bytes, address, at: sendBlocks.bytes(block) + fill)
    sendBlocks.setFill(block, fill + recordByteCount)
    slots[index].queuedByteCount += recordByteCount
    dirty.append(index)
    return .queued
  }

  /// The last block, where it has the room; else a new one behind it.
  private final func datagramBlock(_ index: UInt32, _ byteCount: Int) -> UInt32? {
    let tail = slots[index].sendTail
    if tail != BlockPool.none, sendBlocks.fill(tail) + byteCount <= sendBlocks.blockByteCount {
      return tail
    }
    guard let block = sendBlocks.take() else { return nil }
    if tail == BlockPool.none {
      slots[index].sendHead = block
      slots[index].sendOffset = 0
    } else {
      sendBlocks.setNext(tail, block)
    }
    slots[index].sendTail = block
    return block
  }

  // MARK: For backends

  package final func cameDatagram(
    _ index: UInt32, block: UInt32, byteCount: Int, isTruncated: Bool
  ) {
    unsafe state.pointee.counters.receivedDatagramCount &+= 1
    if isTruncated { unsafe state.pointee.counters.truncatedDatagramCount &+= 1 }
    guard !slots[index].flags.contains(.tearing) else { return returnDatagramBlock(block) }
    delivered.append(datagram: block)
    events.append(
      .datagram(
        DatagramSocketID(slots.handle(index)),
        ReceivedDatagram(
          block: block, byteCount: UInt32(byteCount), isTruncated: isTruncated)))
  }

  package final func datagramFailed(_ index: UInt32, errno: Int32) {
    unsafe state.pointee.counters.failedDatagramCount &+= 1
    guard !slots[index].flags.contains(.tearing) else { return }
    // Never more of these than there is room for: they are counted in any case.
    if events.count < configuration.eventCountMax {
      events.append(.datagramFailed(DatagramSocketID(slots.handle(index)), errno: errno))
    }
  }
}

/// A datagram in a block of what waits to be sent: its address, its length, and its bytes.
package enum DatagramRecord {
  package static var headerByteCount: Int { 40 }

  package static func byteCount(_ payloadByteCount: Int) -> Int {
    headerByteCount + (payloadByteCount + 7) & ~7
  }

  @unsafe
  package static func write(
    _ bytes: UnsafeRawBufferPointer, _ address: SocketAddress, at start: UnsafeMutableRawPointer
  ) {
    unsafe start.storeBytes(of: address, as: SocketAddress.self)
    unsafe start.storeBytes(of: UInt32(bytes.count), toByteOffset: 32, as: UInt32.self)
    guard let source = bytes.baseAddress else { return }
    unsafe (start + headerByteCount).copyMemory(from: source, byteCount: bytes.count)
  }

  @unsafe
  package static func read(
    at start: UnsafeMutableRawPointer
  ) -> (address: SocketAddress, bytes: UnsafeMutableRawPointer, byteCount: Int) {
    unsafe (
      start.load(as: SocketAddress.self), start + headerByteCount,
      Int(start.load(fromByteOffset: 32, as: UInt32.self))
    )
  }
}
