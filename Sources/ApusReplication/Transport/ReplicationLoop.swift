// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO
internal import Glibc

/// The loop of one side: sizes, and the words for its errors.
enum ReplicationLoop {
  /// Events of a primary's step.
  static let primaryEventCountMax = 256
  /// Connections of a step that may displace older ones which have not said who they are: so each has some steps
  /// to do so, however many come.
  static let displacingCountMax = 8
  /// Events of a standby's step: so many buffers may come while a frame waits for the journal.
  static let standbyEventCountMax = 16
  /// Time to read why a connection is not wanted by TLS.
  static let alertNanoseconds: UInt64 = 5_000_000
  static let primaryBufferByteCount = 4_096
  static let standbyBufferByteCount = 64 << 10
  /// Room for what a standby's step brings behind a frame that waits, and for the record of TLS whose first
  /// part came before.
  static var standbySlackByteCount: Int {
    standbyEventCountMax * standbyBufferByteCount + (32 << 10)
  }
  private static let sendBufferByteCount = 64 << 10
  /// A refusal leaves at once or not at all.
  private static let lingerNanoseconds: UInt64 = 200_000_000

  static func makePrimary(
    _ configuration: ReplicationPrimaryConfiguration
  ) throws(ReplicationError) -> EventLoop {
    try make(sizes(configuration), configuration.endpoint)
  }

  /// What a primary's loop needs.
  static func sizes(_ configuration: ReplicationPrimaryConfiguration) -> EventLoopConfiguration {
    let connectionCountMax =
      configuration.sessionCountMax + configuration.handshakeCountMax + 2 * primaryEventCountMax
    let queued = queuedByteCountMax(configuration.frameByteCountMax)
    var sizes = EventLoopConfiguration(
      socketCountMax: connectionCountMax + 1, receiveBufferCount: 256,
      sendBufferCount: connectionCountMax
        + configuration.sessionCountMax * (queued / sendBufferByteCount + 1),
      receiveBufferByteCount: primaryBufferByteCount, sendBufferByteCount: sendBufferByteCount)
    sizes.queuedByteCountMax = queued
    sizes.eventCountMax = primaryEventCountMax
    sizes.lingerNanoseconds = lingerNanoseconds
    return sizes
  }

  static func makeStandby(
    _ configuration: ReplicationStandbyConfiguration
  ) throws(ReplicationError) -> EventLoop {
    try make(standbySizes, configuration.primary)
  }

  /// What a standby's loop needs.
  static var standbySizes: EventLoopConfiguration {
    // Acknowledgements are short; a connection that closes may still be there when the next one begins.
    var sizes = EventLoopConfiguration(
      socketCountMax: 4, receiveBufferCount: 2 * standbyEventCountMax, sendBufferCount: 8,
      receiveBufferByteCount: standbyBufferByteCount, sendBufferByteCount: sendBufferByteCount)
    sizes.queuedByteCountMax = sendBufferByteCount
    sizes.eventCountMax = standbyEventCountMax
    sizes.lingerNanoseconds = lingerNanoseconds
    return sizes
  }

  /// What waits at a loop for the other side to take: enough for the network to be busy, and no more than a
  /// slow standby may cost.
  private static func queuedByteCountMax(_ frameByteCountMax: Int) -> Int {
    min(frameByteCountMax, 1 << 20)
  }

  private static func make(
    _ sizes: EventLoopConfiguration, _ endpoint: ReplicationEndpoint
  ) throws(ReplicationError) -> EventLoop {
    do throws(IOError) { return try EventLoop.make(sizes) } catch {
      throw Self.error(error, endpoint)
    }
  }

  static func error(_ error: IOError, _ endpoint: ReplicationEndpoint) -> ReplicationError {
    switch error {
    case .system(let operation, _, let errno):
      .system(operation: operation, endpoint: endpoint, errno: errno)
    case .memory(let error): .memory(error)
    case .configuration(let field, let value, let expected):
      .configuration(field: field, value: value, expected: expected)
    // Connections that are closing still have their places: another attempt finds one.
    case .full: .system(operation: "connect", endpoint: endpoint, errno: tooManyFiles)
    case .unsupported:
      .configuration(field: "loop", value: "\(error)", expected: "one that takes connections")
    }
  }
}

let tooManyFiles = EMFILE
let noMemory = ENOMEM
