// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What happens to packets on their way from one host to another.
///
/// Probabilities are per mille of the packets: 0 never, 1,000 always. Times are nanoseconds.
public struct SimulatedPath: Sendable, Equatable {
  /// How long a packet takes.
  public var latencyNanoseconds: UInt64 = 100_000
  /// How much longer at most: drawn evenly for each packet. Streams stay in order, datagrams do not.
  public var jitterNanoseconds: UInt64 = 0
  /// Bytes that leave in a second; 0 for no limit.
  public var bytesPerSecond: UInt64 = 0
  /// Datagrams that would wait longer than this to leave are lost.
  public var queueNanosecondsMax: UInt64 = 50_000_000
  /// Packets lost. A lost piece of a stream comes later, after its retransmission.
  public var lossPerMille: UInt32 = 0
  /// Datagrams that come twice.
  public var duplicationPerMille: UInt32 = 0
  /// Datagrams that take up to ``delayNanosecondsMax`` longer, so that later ones overtake them.
  public var delayPerMille: UInt32 = 0
  /// See ``delayPerMille``.
  public var delayNanosecondsMax: UInt64 = 5_000_000
  /// Pieces of streams at which the network resets the connection: both sides fail, what is under way is lost.
  public var resetPerMille: UInt32 = 0

  /// 100 µs and nothing that goes wrong.
  public init() {}

  /// 10 µs and nothing that goes wrong: within a host.
  public static var loopback: SimulatedPath {
    var path = SimulatedPath()
    path.latencyNanoseconds = 10_000
    return path
  }
}

/// How a simulated network is made. All its limits are here.
public struct SimulatedNetworkConfiguration: Sendable, Equatable {
  /// Between any two hosts, unless ``SimulatedNetwork/setPath(_:from:to:)`` says otherwise.
  public var path = SimulatedPath()
  /// Within a host.
  public var loopback = SimulatedPath.loopback
  /// Per mille of reads that give only a part of what is there, so that a stream is cut anywhere.
  public var shortReadPerMille: UInt32 = 0
  /// Per mille of writes that take only a part of what there is room for.
  public var shortWritePerMille: UInt32 = 0
  /// Longest piece of a stream in one packet. Unit: bytes.
  public var segmentByteCountMax = 1_460
  /// What a connection holds until the other side has acknowledged it. Unit: bytes.
  public var streamSendByteCount = 128 << 10
  /// What a connection holds until it is read: the sender stops there. Unit: bytes.
  public var streamReceiveByteCount = 128 << 10
  /// What a UDP socket holds until it is read; what comes then is lost. Unit: bytes.
  public var datagramReceiveByteCount = 208 << 10
  /// How long an acknowledgement may be missing before the packet is sent again; doubled each time.
  public var retransmissionNanoseconds: UInt64 = 200_000_000
  /// Where the doubling ends.
  public var retransmissionNanosecondsMax: UInt64 = 10_000_000_000
  /// Packets without an answer after which a connection fails with ETIMEDOUT.
  public var retransmissionCountMax = 15
  /// How long the first attempt to connect waits for an answer; doubled each time.
  public var connectNanoseconds: UInt64 = 1_000_000_000
  /// Attempts after which it fails with ETIMEDOUT.
  public var connectAttemptCountMax = 7
  /// Ends of connections at once, of all hosts.
  public var streamEndCountMax = 1 << 16
  /// Datagrams under way at once; what is sent then is lost.
  public var datagramCountMax = 1 << 16

  /// A network in which nothing goes wrong.
  public init() {}

  /// A path on which much goes wrong, and streams that are cut anywhere; connections are not reset.
  public static var rough: SimulatedNetworkConfiguration {
    var configuration = SimulatedNetworkConfiguration()
    configuration.path.jitterNanoseconds = 2_000_000
    configuration.path.lossPerMille = 20
    configuration.path.duplicationPerMille = 20
    configuration.path.delayPerMille = 50
    configuration.shortReadPerMille = 300
    configuration.shortWritePerMille = 100
    return configuration
  }

  func check() {
    func expect(_ isTrue: Bool, _ what: String) {
      precondition(isTrue, "SimulatedNetwork.init: expected \(what)")
    }
    expect((1...(1 << 20)).contains(segmentByteCountMax), "segmentByteCountMax of 1 to 2^20")
    expect((1...(1 << 30)).contains(streamSendByteCount), "streamSendByteCount of 1 to 2^30")
    expect((1...(1 << 30)).contains(streamReceiveByteCount), "streamReceiveByteCount of 1 to 2^30")
    expect(datagramReceiveByteCount > 0, "room for datagrams")
    expect(
      retransmissionNanoseconds > 0 && connectNanoseconds > 0
        && retransmissionNanosecondsMax >= retransmissionNanoseconds,
      "times of retransmission above 0")
    expect((0...60).contains(retransmissionCountMax), "retransmissionCountMax of 0 to 60")
    expect((1...30).contains(connectAttemptCountMax), "connectAttemptCountMax of 1 to 30")
    expect((2...(1 << 24)).contains(streamEndCountMax), "streamEndCountMax of 2 to 2^24")
    expect((1...(1 << 24)).contains(datagramCountMax), "datagramCountMax of 1 to 2^24")
  }
}
