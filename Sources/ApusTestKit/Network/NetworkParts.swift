// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO

/// The way from one host to another.
final class NetworkPath {
  var settings: SimulatedPath
  /// Packets are swallowed.
  var isCut = false
  /// When what was sent before has left.
  var freeAt: UInt64 = 0

  init(_ settings: SimulatedPath) { self.settings = settings }
}

/// A host: its ports. It is up from its first loop until it crashes.
final class NetworkHost {
  let number: Int
  var isUp = false
  var listeners: [UInt16: [NetworkReference]] = [:]
  var datagramSockets: [UInt16: [NetworkReference]] = [:]
  private var nextPort: UInt16 = 32_768

  init(_ number: Int) { self.number = number }

  /// The next port of those that are given out.
  func takePort() -> UInt16 {
    let port = nextPort
    nextPort = port == 60_999 ? 32_768 : port + 1
    return port
  }
}

/// What the network knows of a loop.
final class NetworkMember {
  enum Notice {
    case stream(NetworkReference)
    case listener(NetworkReference)
    case datagrams(NetworkReference)
  }
  let host: NetworkHost
  weak var loop: SimulatedLoop?
  var isCrashed = false
  /// Of which sockets the loop has to look at something: each once.
  var notices: [Notice] = []

  init(_ host: NetworkHost) { self.host = host }
}

final class NetworkListener {
  let reference: NetworkReference
  let owner: NetworkMember
  let address: SocketAddress
  let backlog: Int
  let sharesPort: Bool
  /// Connections that stand and were not taken, and with them those that are being made.
  var queue = NetworkQueue<NetworkReference>()
  var waitingCount = 0
  /// Sizes of its connections' buffers; 0 for the configuration's.
  var sizes = (send: 0, receive: 0)
  var slot: UInt32 = .max
  var isNoticed = false

  init(
    _ reference: NetworkReference, _ owner: NetworkMember, _ address: SocketAddress, backlog: Int,
    sharesPort: Bool
  ) {
    self.reference = reference
    self.owner = owner
    self.address = address
    self.backlog = backlog
    self.sharesPort = sharesPort
  }
}

final class NetworkDatagramSocket {
  let reference: NetworkReference
  let owner: NetworkMember
  let address: SocketAddress
  let sharesPort: Bool
  let byteCountMax: Int
  var queue = NetworkQueue<NetworkDatagram>()
  var queuedByteCount = 0
  var slot: UInt32 = .max
  var isNoticed = false

  init(
    _ reference: NetworkReference, _ owner: NetworkMember, _ address: SocketAddress,
    sharesPort: Bool, byteCountMax: Int
  ) {
    self.reference = reference
    self.owner = owner
    self.address = address
    self.sharesPort = sharesPort
    self.byteCountMax = byteCountMax
  }
}

/// A datagram under way.
final class NetworkDatagram {
  let bytes: [UInt8]
  let source: SocketAddress
  let target: SocketAddress
  let host: NetworkHost
  let path: NetworkPath

  init(
    _ bytes: [UInt8], from source: SocketAddress, to target: SocketAddress, at host: NetworkHost,
    over path: NetworkPath
  ) {
    self.bytes = bytes
    self.source = source
    self.target = target
    self.host = host
    self.path = path
  }
}
