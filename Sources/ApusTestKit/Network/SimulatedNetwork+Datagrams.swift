// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO
internal import Glibc

// Datagrams: each on its own, lost, doubled or late as chance wants it.
extension SimulatedNetwork {
  func openDatagrams(
    _ member: NetworkMember, _ address: SocketAddress, _ options: DatagramOptions
  ) throws(IOError) -> NetworkDatagramSocket {
    guard options.groups.isEmpty else {
      throw .unsupported("no groups in a simulated network")
    }
    let host = member.host
    let bound = try bind(address, at: host, sharesPort: options.sharesPort) { port in
      host.datagramSockets[port, default: []].contains {
        !(options.sharesPort && self.datagramSockets[$0]?.sharesPort == true)
      }
    }
    let byteCountMax =
      options.kernelReceiveByteCount > 0
      ? options.kernelReceiveByteCount : configuration.datagramReceiveByteCount
    let made = datagramSockets.insert {
      NetworkDatagramSocket(
        $0, member, bound, sharesPort: options.sharesPort, byteCountMax: byteCountMax)
    }
    guard let made else {
      throw .system(operation: "socket", operand: "\(address)", errno: ENFILE)
    }
    host.datagramSockets[bound.port, default: []].append(made.reference)
    return made
  }

  func close(_ socket: NetworkDatagramSocket) {
    let (host, port) = (socket.owner.host, socket.address.port)
    host.datagramSockets[port]?.removeAll { $0 == socket.reference }
    if host.datagramSockets[port]?.isEmpty == true { host.datagramSockets[port] = nil }
    datagramSockets.remove(socket.reference)
  }

  /// Sends a datagram; the errno where it cannot be sent at all.
  func sendDatagram(
    _ bytes: UnsafeRawBufferPointer, to target: SocketAddress, on socket: NetworkDatagramSocket
  ) -> Int32? {
    let source = socket.owner.host
    guard target.ipv4 != nil else { return EAFNOSUPPORT }
    guard target.port != 0 else { return EINVAL }
    guard let host = resolve(target, from: source) else { return ENETUNREACH }
    counts.datagramCount += 1
    let path = path(source, host)
    guard !path.isCut else {
      counts.cutDatagramCount += 1
      return nil
    }
    let settings = path.settings
    if settings.bytesPerSecond > 0,
      path.freeAt > time, path.freeAt - time > settings.queueNanosecondsMax
    {
      counts.overflownDatagramCount += 1
      return nil
    }
    let left = departure(path, byteCount: bytes.count)
    if strikes(settings.lossPerMille) {
      counts.lostDatagramCount += 1
      return nil
    }
    let from = localAddress(of: source, to: target, port: socket.address.port)
    // SAFETY: copied here.
    let copy = unsafe [UInt8](bytes)
    var copies = 1
    if strikes(settings.duplicationPerMille) {
      copies = 2
      counts.duplicatedDatagramCount += 1
    }
    for _ in 0..<copies {
      var delay = latency(path)
      if strikes(settings.delayPerMille) {
        counts.delayedDatagramCount += 1
        delay = later(delay, random.below(wide: max(1, settings.delayNanosecondsMax)))
      }
      var place = NetworkReference.none
      let isThere = datagrams.insert {
        place = $0
        return NetworkDatagram(copy, from: from, to: target, at: host, over: path)
      }
      guard isThere != nil else {
        counts.overflownDatagramCount += 1
        continue
      }
      plan(NetworkEvent(time: later(left, delay), kind: .datagram, source: place))
    }
    return nil
  }

  func datagramArrived(_ event: NetworkEvent) {
    guard let datagram = datagrams[event.source] else { return }
    datagrams.remove(event.source)
    guard !datagram.path.isCut else {
      counts.cutDatagramCount += 1
      return
    }
    let found = datagram.host.datagramSockets[datagram.target.port, default: []].filter {
      datagramSockets[$0].map { answers($0.address, to: datagram.target) } ?? false
    }
    guard datagram.host.isUp, !found.isEmpty,
      let socket = datagramSockets[found[found.count == 1 ? 0 : random.below(found.count)]]
    else {
      counts.unreachableDatagramCount += 1
      return
    }
    guard
      socket.queuedByteCount + datagram.bytes.count + Self.datagramOverhead
        <= max(socket.byteCountMax, datagram.bytes.count + Self.datagramOverhead)
    else {
      counts.overflownDatagramCount += 1
      return
    }
    counts.deliveredDatagramCount += 1
    socket.queuedByteCount += datagram.bytes.count + Self.datagramOverhead
    socket.queue.append(datagram)
    guard !socket.isNoticed else { return }
    socket.isNoticed = true
    socket.owner.notices.append(.datagrams(socket.reference))
  }

  /// What a kernel counts for each one, so that empty ones have a limit too.
  private static var datagramOverhead: Int { 256 }

  func takeDatagram(_ socket: NetworkDatagramSocket) -> NetworkDatagram? {
    guard let datagram = socket.queue.popFirst() else { return nil }
    socket.queuedByteCount -= datagram.bytes.count + Self.datagramOverhead
    return datagram
  }
}
