// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusMemory

/// Sizes of a loop; all memory is taken when it is made.
public struct EventLoopConfiguration: Sendable {
  /// Listeners, connections, UDP sockets and files at once.
  public var socketCountMax: Int
  /// Buffers to receive into, shared by all connections: a power of two.
  public var receiveBufferCount: Int
  /// Size of one. Unit: bytes.
  public var receiveBufferByteCount: Int
  /// Buffers for what waits to be sent, shared by all connections and UDP sockets.
  public var sendBufferCount: Int
  /// Size of one; the longest datagram that can be sent, less 40 bytes. Unit: bytes.
  public var sendBufferByteCount: Int
  /// Most bytes that may wait at one connection or UDP socket, so that one peer that takes nothing cannot have
  /// all buffers.
  public var queuedByteCountMax: Int
  /// Buffers for datagrams: a power of two, or 0 for a loop without UDP.
  public var datagramBufferCount: Int
  /// The longest datagram that is received whole. Unit: bytes.
  public var datagramByteCountMax: Int
  /// Buffers for files, and so operations on files at once; 0 for a loop without files.
  public var fileBufferCount: Int
  /// Size of one. Unit: bytes.
  public var fileBufferByteCount: Int
  /// Timers at once.
  public var timerCountMax: Int
  /// Most events of a step.
  public var eventCountMax: Int
  /// How long a connection that this side closes may take to send the rest. Unit: nanoseconds.
  public var lingerNanoseconds: UInt64
  /// How long a listener rests that could not take a connection. Unit: nanoseconds.
  public var acceptPauseNanoseconds: UInt64
  /// Connections that may wait to be taken, of one listener.
  public var backlog: Int
  /// Where the memory lies.
  public var memory: MemoryRegion.Options

  /// A configuration for connections; UDP and files are switched on by the counts of their buffers.
  public init(
    socketCountMax: Int, receiveBufferCount: Int, sendBufferCount: Int,
    receiveBufferByteCount: Int = 4_096, sendBufferByteCount: Int = 4_096,
    memory: MemoryRegion.Options = .init(pages: .plain)
  ) {
    self.socketCountMax = socketCountMax
    self.receiveBufferCount = receiveBufferCount
    self.receiveBufferByteCount = receiveBufferByteCount
    self.sendBufferCount = sendBufferCount
    self.sendBufferByteCount = sendBufferByteCount
    self.memory = memory
    queuedByteCountMax = 1 << 20
    datagramBufferCount = 0
    datagramByteCountMax = 2_048 - 64
    fileBufferCount = 0
    fileBufferByteCount = 64 << 10
    timerCountMax = 0
    eventCountMax = 1_024
    lingerNanoseconds = 1_000_000_000
    acceptPauseNanoseconds = 10_000_000
    backlog = 1_024
  }

  package func validate() throws(IOError) {
    func check(_ field: String, _ value: Int, _ range: ClosedRange<Int>) throws(IOError) {
      guard range.contains(value) else {
        throw .configuration(
          field: field, value: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
      }
    }
    func checkPower(_ field: String, _ value: Int, orNone: Bool) throws(IOError) {
      if orNone, value == 0 { return }
      guard (1...32_768).contains(value), value & (value - 1) == 0 else {
        throw .configuration(
          field: field, value: "\(value)", expected: "a power of two, at most 32768")
      }
    }
    try check("socketCountMax", socketCountMax, 1...(1 << 20))
    try checkPower("receiveBufferCount", receiveBufferCount, orNone: false)
    try check("receiveBufferByteCount", receiveBufferByteCount, 64...(1 << 24))
    try check("sendBufferCount", sendBufferCount, 1...(1 << 22))
    try check("sendBufferByteCount", sendBufferByteCount, 64...(1 << 24))
    try check("queuedByteCountMax", queuedByteCountMax, 1...(1 << 30))
    try checkPower("datagramBufferCount", datagramBufferCount, orNone: true)
    try check("datagramByteCountMax", datagramByteCountMax, 16...65_535)
    try check("fileBufferCount", fileBufferCount, 0...(1 << 20))
    try check("fileBufferByteCount", fileBufferByteCount, 512...(1 << 28))
    try check("timerCountMax", timerCountMax, 0...(1 << 24))
    try check("eventCountMax", eventCountMax, 1...(1 << 20))
    try check("backlog", backlog, 1...65_535)
  }
}
