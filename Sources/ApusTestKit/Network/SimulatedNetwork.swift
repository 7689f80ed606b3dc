// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusIO
internal import ApusTestBasics

/// A network in memory, with the faults of a real one, from a seed.
///
/// Its loops take the calls of any ``EventLoop``: what is written for the kernel runs here unchanged. Time is
/// what callers give to the loops' steps, none of which waits. The same seed, configuration and calls give
/// the same events.
///
/// ```swift
/// let network = SimulatedNetwork(seed: 7, configuration: .rough)
/// let server = try network.makeLoop(host: 1, configuration: sizes)
/// let client = try network.makeLoop(host: 2, configuration: sizes)
/// var clock = SimulatedClock()
/// repeat {
///   for loop in [server, client] {
///     _ = loop.step(now: clock.now, countMax: 64)
///     while let event = loop.nextEvent() { … }
///   }
/// } while network.step(&clock)
/// ```
///
/// Streams keep their order and content up to a reset. They are no TCP byte for byte: a packet that is
/// lost by chance is a delay, acknowledgements are lost only in a partition, and there is no control of
/// congestion.
///
/// - Threading: one thread at a time, with its loops.
public final class SimulatedNetwork {
  /// How it was made.
  public let configuration: SimulatedNetworkConfiguration
  /// What it did, and which faults there were.
  public internal(set) var counts = SimulatedNetworkCounts()
  /// A hash over everything that happened: two runs that are the same have the same.
  public private(set) var digest: UInt64 = 0xCBF2_9CE4_8422_2325
  /// The time up to which everything has happened.
  public var now: Nanoseconds { Nanoseconds(time) }

  /// Ends of connections that it holds, with those that loops have let go and whose last bytes are under way.
  public var streamEndCount: Int { streams.count }

  var random: SeededRandom
  var time: UInt64
  var queue = NetworkEventQueue()
  var hosts: [Int: NetworkHost] = [:]
  var paths: [UInt64: NetworkPath] = [:]
  var members: [NetworkMember] = []
  var streams: NetworkTable<StreamEnd>
  var listeners = NetworkTable<NetworkListener>(countMax: 1 << 16)
  var datagramSockets = NetworkTable<NetworkDatagramSocket>(countMax: 1 << 16)
  var datagrams: NetworkTable<NetworkDatagram>

  /// A network without hosts.
  ///
  /// - Precondition: The sizes and counts of the configuration are in their ranges.
  public init(
    seed: UInt64, configuration: SimulatedNetworkConfiguration = .init(),
    startingAt start: Nanoseconds = .zero
  ) {
    configuration.check()
    self.configuration = configuration
    random = SeededRandom(seed: seed)
    time = start.rawValue
    streams = NetworkTable(countMax: configuration.streamEndCountMax)
    datagrams = NetworkTable(countMax: configuration.datagramCountMax)
  }

  // MARK: Hosts

  /// Makes a loop at a host, which has as many as are made; the first one starts it, also after a crash.
  ///
  /// The network ends what a loop has open when the loop is no more, as a kernel does for a process.
  ///
  /// - Parameter host: 1 to 65,534; see ``address(host:port:)``.
  public func makeLoop(
    host: Int, configuration: EventLoopConfiguration
  ) throws(IOError) -> SimulatedLoop {
    let member = NetworkMember(self.host(host))
    let loop = try SimulatedLoop(configuration, SimulatedLoopDriver(self, member))
    member.host.isUp = true
    member.loop = loop
    members.removeAll { $0.loop == nil }
    members.append(member)
    return loop
  }

  /// The address of a host: 10.0.0.1 of the first one.
  ///
  /// - Precondition: The host is 1 to 65,534.
  public static func address(host: Int, port: UInt16 = 0) -> SocketAddress {
    precondition(
      (1...65_534).contains(host), "SimulatedNetwork.address: expected a host of 1 to 65534")
    return SocketAddress(ipv4: 10 << 24 | UInt32(host), port: port)
  }

  /// Another address of a host, 127.1.0.1 of the first one: for code that without TLS takes none but those of
  /// the loopback interface. It leads to the host from every other one.
  ///
  /// - Precondition: The host is 1 to 65,534.
  public static func unauthenticatedAddress(host: Int, port: UInt16 = 0) -> SocketAddress {
    precondition(
      (1...65_534).contains(host),
      "SimulatedNetwork.unauthenticatedAddress: expected a host of 1 to 65534")
    return SocketAddress(ipv4: unauthenticatedPrefix << 16 | UInt32(host), port: port)
  }

  static var unauthenticatedPrefix: UInt32 { 127 << 8 | 1 }

  func host(_ number: Int) -> NetworkHost {
    precondition((1...65_534).contains(number), "SimulatedNetwork: expected a host of 1 to 65534")
    if let host = hosts[number] { return host }
    let host = NetworkHost(number)
    hosts[number] = host
    return host
  }

  // MARK: Time

  /// Lets everything happen up to a time. The steps of loops do so with their own. What is planned for the end
  /// of the range never happens.
  public func advance(to now: Nanoseconds) {
    while let next = queue.nextTime, next <= now.rawValue, next < .max,
      let event = queue.popFirst()
    {
      time = max(time, event.time)
      note(event.kind.rawValue, UInt64(event.source.index), UInt64(event.target.index), event.time)
      happen(event)
    }
    time = max(time, now.rawValue)
  }

  /// When something happens next: in the network, or at a loop, with its timers. It is ``now`` where a loop
  /// has something to do at once, and nil where nothing will happen any more. A sender whose receiver has
  /// paused asks now and then whether there is room, as long as both live.
  ///
  /// - Complexity: O(loops).
  public var nextEventTime: Nanoseconds? {
    var next = queue.nextTime.flatMap { $0 < .max ? $0 : nil }
    for member in members {
      guard !member.isCrashed, let loop = member.loop, let due = loop.nextTime(self) else {
        continue
      }
      next = min(next ?? .max, due)
    }
    return next.map { Nanoseconds(max(time, $0)) }
  }

  /// Sets a clock to when something happens next. It stands where a loop has something to do at once, so every
  /// loop has to be stepped between two calls.
  ///
  /// - Parameter limit: The clock is not set beyond; it stands there when nothing happens before.
  /// - Returns: `false` where nothing happens any more, or only after the limit.
  public func step(
    _ clock: inout SimulatedClock, limit: Nanoseconds = Nanoseconds(.max)
  ) -> Bool {
    guard let next = nextEventTime, next <= limit else {
      if limit.rawValue != .max { clock.set(max(clock.now, limit)) }
      return false
    }
    clock.set(max(clock.now, next))
    return true
  }

  /// Adds to the digest.
  func note(_ kind: UInt8, _ first: UInt64, _ second: UInt64, _ third: UInt64) {
    mix(UInt64(kind) << 56 ^ first << 28 ^ second)
    mix(third)
  }

  private func mix(_ word: UInt64) {
    digest = (digest ^ word) &* 0x9E37_79B9_7F4A_7C15
    digest ^= digest >> 29
  }

  func plan(_ event: NetworkEvent) { queue.insert(event) }

  private func happen(_ event: NetworkEvent) {
    switch event.kind {
    case .connect: connectArrived(event)
    case .accept: acceptArrived(event)
    case .segment: segmentArrived(event)
    case .acknowledge: acknowledgeArrived(event)
    case .reset: resetArrived(event)
    case .timer: timerFired(event)
    case .datagram: datagramArrived(event)
    }
  }

  /// Whether a fault of so many per mille strikes; without it the same seed gives what it gave before.
  func strikes(_ perMille: UInt32) -> Bool {
    perMille > 0 && random.below(narrow: 1_000) < perMille
  }
}
