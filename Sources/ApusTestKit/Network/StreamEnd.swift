// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO

/// One end of a connection: what a kernel keeps of it.
///
/// Offsets count the bytes of the stream from 0 on; the end of the stream takes one of its own, so that it is
/// acknowledged as bytes are.
///
/// ```
///   sent:      acknowledged ≤ transmitted ≤ written     the bytes between are in `sendBytes`
///   received:  read ≤ received                          the bytes between are in `receiveBytes`
/// ```
///
/// Packets under way carry offsets only: the bytes are taken from the sender when they arrive. So a host that
/// falls silent takes with it what it had under way.
final class StreamEnd {
  enum State {
    /// The client's, and the server's, until the other side answers.
    case connecting, accepting
    case open
    /// It was reset, by this side: what it sent before is still under way.
    case resetting
    /// It failed: `errno` says how.
    case failed
  }
  let reference: NetworkReference
  let host: NetworkHost
  let peerHost: NetworkHost
  let local: SocketAddress
  let remote: SocketAddress
  /// To the other side's host, and back.
  let path: NetworkPath
  let pathBack: NetworkPath
  var state: State
  var errno: Int32 = 0
  var peer = NetworkReference.none

  /// The loop that has it; nil in a backlog, and when the loop has let it go.
  var owner: NetworkMember?
  var slot: UInt32 = .max
  var listener = NetworkReference.none
  var isNoticed = false
  /// The loop waits for room.
  var wantsRoom = false

  var sendBytes = StreamBytes()
  let sendByteCountMax: Int
  var acknowledged = 0
  var transmitted = 0
  /// Nothing follows what is written.
  var isFinishing = false
  /// The other side takes bytes up to here.
  var windowEnd = 0
  /// The other end has closed in order, and has everything.
  var isPeerGone = false

  var receiveBytes = StreamBytes()
  let receiveByteCountMax: Int
  var received = 0
  var read = 0
  var hasEnd = false
  /// Up to where the other side knows that there is room.
  var advertisedEnd: Int

  var timerIsSet = false
  /// Packets in a row without an answer, and how often the time was doubled.
  var unansweredCount = 0
  var doublingCount = 0
  /// When something was heard or begun, and when the last packet arrives.
  var progressTime: UInt64
  var lastArrival: UInt64 = 0

  init(
    _ reference: NetworkReference, _ state: State, host: NetworkHost, peerHost: NetworkHost,
    local: SocketAddress, remote: SocketAddress, path: NetworkPath, pathBack: NetworkPath,
    configuration: SimulatedNetworkConfiguration, sizes: (send: Int, receive: Int), now: UInt64
  ) {
    self.reference = reference
    self.state = state
    self.host = host
    self.peerHost = peerHost
    self.local = local
    self.remote = remote
    self.path = path
    self.pathBack = pathBack
    sendByteCountMax = sizes.send > 0 ? sizes.send : configuration.streamSendByteCount
    receiveByteCountMax = sizes.receive > 0 ? sizes.receive : configuration.streamReceiveByteCount
    advertisedEnd = receiveByteCountMax
    progressTime = now
  }

  /// The other side has the end of what this side sends.
  var isEndAcknowledged = false
  /// Offset of the first byte of `sendBytes`. The end, once acknowledged, is one beyond.
  var bytesStart: Int { acknowledged - (isEndAcknowledged ? 1 : 0) }
  /// Offset behind the last byte that was written.
  var written: Int { bytesStart + sendBytes.count }

  var room: Int { max(0, sendByteCountMax - sendBytes.count) }
  /// The loop has let it go, and nobody will take it.
  var isOrphan: Bool { owner == nil && listener == .none }
  var isReadable: Bool { receiveBytes.count > 0 || hasEnd || state == .failed }
}
