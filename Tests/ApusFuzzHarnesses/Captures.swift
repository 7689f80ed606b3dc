// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusMarketCaptures
internal import ApusMarketProtocols
internal import ApusTestSupport

extension FuzzHarness {
  /// Packets of a MoldUDP64 feed in a whole capture: each a length of 16 bits and bytes.
  static let moldUDP64 = FuzzHarness("moldUDP64") {
    let packets = stride(from: 0, to: SampleFeed.messages.count, by: 4).map { start in
      let part = SampleFeed.messages[start..<min(start + 4, SampleFeed.messages.count)]
      return MoldUDP64.Header(
        session: .init("APUS"), sequence: UInt64(start + 1), messageCount: UInt16(part.count)
      ).bytes + part.flatMap { Frames.big(UInt16($0.count)) + $0 }
    }
    let ends = [0, MoldUDP64.endOfSessionCount].map {
      MoldUDP64.Header(session: .init("APUS"), sequence: 13, messageCount: $0).bytes
    }
    func input(_ packets: [[UInt8]]) -> [UInt8] {
      packets.flatMap { Frames.little(UInt16($0.count)) + $0 }
    }
    return [input(packets + ends), input(packets + packets), input([packets[2], packets[0]])]
  } run: { bytes in
    var input = FuzzInput(bytes)
    var packets: [[UInt8]] = []
    while !input.isAtEnd { packets.append(input.take(Int(input.integer(UInt16.self) % 2_048))) }
    var messageCount: UInt64 = 0
    for packet in packets {
      guard case .packet(let header) = packet.withRawSpan({ MoldUDP64.decode($0) }) else {
        continue
      }
      try law(header.bytes == Array(packet.prefix(20)), "\(header) is encoded otherwise")
      if header.messageCount != MoldUDP64.endOfSessionCount {
        messageCount += UInt64(header.messageCount)
      }
    }
    let frames = packets.map { Frames.ethernet(0x0800, Frames.ipv4(Frames.udp($0))) }
    let path = FuzzFile.write(CaptureFiles.pcap(frames.map { CapturedPacket($0) }), "mold.pcap")
    let producer = MoldUDP64Producer(try PcapReader(path: path))
    let (output, error) = BytesProducer.drain(producer, byteCount: 300)
    try law(error == nil, "a whole capture ends with \(String(describing: error))")
    var frameCount: UInt64 = 0
    let consumed = output.withRawSpan {
      ITCHFileFraming.forEachMessage(in: $0) { _, _ in frameCount += 1 }
    }
    let statistics = producer.statistics
    try law(consumed == output.count, "\(consumed) of \(output.count) bytes are whole messages")
    try law(
      statistics.packetCount + statistics.malformedPacketCount <= UInt64(packets.count),
      "\(packets.count) packets: \(statistics)")
    try law(
      frameCount + statistics.duplicateMessageCount <= messageCount,
      "\(frameCount) of \(messageCount) messages: \(statistics)")
  }

  /// Files that may be captures.
  static let pcap = FuzzHarness("pcap") {
    let packets = [Frames.udp([1, 2, 3]), Frames.udp([])].map {
      CapturedPacket(Frames.ethernet(0x0800, Frames.ipv4($0)))
    }
    return [
      CaptureFiles.pcap(packets),
      CaptureFiles.pcap(packets, isNanosecond: false, isBigEndian: true),
      CaptureFiles.pcapng(packets),
      CaptureFiles.pcapng(packets, resolution: nil, isBigEndian: true),
    ]
  } run: { bytes in
    let path = FuzzFile.write(bytes, "any.pcap")
    let first = try readCapture(path)
    let second = try readCapture(path)
    try law(first == second, "another reading gives something else")
  }

  /// Every datagram and how it ended.
  private static func readCapture(_ path: String) throws -> [String] {
    var found: [String] = []
    do throws(CaptureError) {
      let reader = try PcapReader(path: path)
      while try reader.nextDatagram({ datagram, payload in
        found.append("\(datagram) \(payload.copiedPrefix(.max))")
      }) {}
      found.append("\(reader.counts)")
    } catch {
      guard error.path == path, !error.isUsageError else {
        throw BrokenLaw(description: "an error of another file: \(error)")
      }
      found.append("\(error)")
    }
    return found
  }

  /// A packet of any link type in a whole capture. Bytes behind the datagram, as Ethernet pads short
  /// frames, change nothing.
  static let packet = FuzzHarness("packet") {
    let datagram = Frames.udp([1, 2, 3, 4])
    let options: [UInt8] = [0, 0, 1, 0, 0, 0, 0, 0]
    let tagged = Frames.ethernet(
      0x86DD, Frames.ipv6(datagram, extensions: [(0, options), (60, options)]),
      tags: [(0x88A8, 7), (0x8100, 9)])
    return [
      [0] + Frames.ethernet(0x0800, Frames.ipv4(datagram, options: [1, 1, 1, 0])), [0] + tagged,
      [2] + Frames.ipv4(datagram, length: 0), [2] + Frames.ipv6(datagram),
      [3] + [UInt8](repeating: 0, count: 14) + [8, 0] + Frames.ipv4(datagram),
      [4] + [8, 0] + [UInt8](repeating: 0, count: 18) + Frames.ipv4(datagram),
      [1] + [2, 0, 0, 0] + Frames.ipv4(datagram),
    ]
  } run: { bytes in
    let linkTypes: [UInt32] = [1, 0, 101, 113, 276, 12, 14, 108, 228, 229, 147]
    let linkType = linkTypes[Int(bytes.first ?? 0) % linkTypes.count]
    let packet = Array(bytes.dropFirst())
    func read(_ packet: [UInt8]) throws -> (datagram: String?, counts: PacketCounts?) {
      let file = CaptureFiles.pcap([CapturedPacket(packet)], linkType: linkType)
      var found: String?
      do throws(CaptureError) {
        let reader = try PcapReader(path: FuzzFile.write(file, "packet.pcap"))
        while try reader.nextDatagram({ datagram, payload in
          found = "\(datagram) \(payload.copiedPrefix(.max))"
        }) {}
        return (found, reader.counts)
      } catch {
        if case .foreign = error.reason { return (nil, nil) }
        throw BrokenLaw(description: "a whole capture is refused: \(error)")
      }
    }
    let (plain, counts) = try read(packet)
    try law(counts == nil || counts?.total == 1, "\(String(describing: counts))")
    if plain != nil {
      let padded = try read(packet + [0, 1, 2, 3]).datagram
      try law(padded == plain, "padding makes \(String(describing: plain)) to something else")
    }
  }

  /// What may be gzip gives the same bytes, or is damaged, however it is read.
  static let gzip = FuzzHarness("gzip") {
    func compressed(_ bytes: [UInt8], level: Int) throws -> [UInt8] {
      let writer = try AtomicFileWriter(
        path: FuzzFile.path("seed.gz"), compression: .gzip(level: level))
      try writer.write(bytes)
      try writer.commit()
      return FuzzFile.read("seed.gz")
    }
    let text = SampleFeed.framed + SampleFeed.framed
    return try [
      [3] + compressed(text, level: 6), [80] + compressed(Array(text.prefix(20)), level: 1),
      [255] + compressed([7], level: 9) + compressed(text, level: 1),
    ]
  } run: { bytes in
    guard bytes.count > 1 else { return }
    let path = FuzzFile.write(Array(bytes.dropFirst()), "any.gz")
    func read(_ byteCount: Int) throws -> ([UInt8], CaptureError?) {
      BytesProducer.drain(try GzipChunkProducer(path: path), byteCount: byteCount)
    }
    let (large, largeError) = try read(1 << 20)
    let (small, smallError) = try read(Int(bytes.first ?? 0) + 1)
    try law(
      (largeError == nil) == (smallError == nil),
      "\(String(describing: largeError)) and \(String(describing: smallError))")
    // Of damaged data the inflater gives what it has by then: what that is depends on the buffer.
    try law(
      large == small || largeError != nil,
      "\(large.count) bytes in one piece, \(small.count) in small ones")
    try law(largeError?.path ?? path == path, "an error of another file")
  }
}

/// Bytes in memory as a source, in pieces of a size.
final class BytesProducer: ChunkProducer {
  let path = "memory"
  var inputByteCount: UInt64? { UInt64(bytes.count) }
  var inputBytesRead: UInt64 { UInt64(position) }
  private let bytes: [UInt8]
  private let chunkByteCount: Int
  private var position = 0

  init(_ bytes: [UInt8], chunkByteCount: Int) {
    self.bytes = bytes
    self.chunkByteCount = chunkByteCount
  }

  func fill(_ target: UnsafeMutableRawBufferPointer) throws(CaptureError) -> Int {
    let count = min(target.count, chunkByteCount, bytes.count - position)
    unsafe target.copyBytes(from: bytes[position..<position + count])
    position += count
    return count
  }

  /// Everything that a producer gives, up to 64 MiB, and its error.
  static func drain(
    _ producer: any ChunkProducer, byteCount: Int
  ) -> (bytes: [UInt8], error: CaptureError?) {
    var bytes: [UInt8] = []
    var buffer = [UInt8](repeating: 0, count: byteCount)
    while bytes.count < 64 << 20 {
      do throws(CaptureError) {
        let count = try fill(&buffer, producer)
        if count == 0 { return (bytes, nil) }
        bytes += buffer.prefix(count)
      } catch {
        return (bytes, error)
      }
    }
    return (bytes, nil)
  }

  private static func fill(
    _ buffer: inout [UInt8], _ producer: any ChunkProducer
  ) throws(CaptureError) -> Int {
    let result = unsafe buffer.withUnsafeMutableBytes { target -> Result<Int, CaptureError> in
      do throws(CaptureError) { return .success(try unsafe producer.fill(target)) } catch {
        return .failure(error)
      }
    }
    return try result.get()
  }
}
