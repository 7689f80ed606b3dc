// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusClient
internal import ApusCore
internal import Foundation

/// How an engine is run as a service. Every field has a default but ``folder``; a JSON5 file has the same
/// names.
public struct ServiceConfiguration: Codable, Sendable, Equatable {
  /// How the host's thread waits for commands.
  public enum Wait: String, Codable, Sendable, CaseIterable {
    /// It looks without a pause: soonest, and takes a whole CPU.
    case spin
    /// It looks, and lets others have the CPU between looks.
    case yield
    /// It looks for a while and then sleeps between looks.
    case park
  }

  /// When events leave.
  public enum Release: String, Codable, Sendable, CaseIterable {
    /// At once; a crash can take commands whose events were seen.
    case atOnce
    /// When the disk has their command.
    case durable
    /// When the standby's disk has it too.
    case replicated
  }

  /// The data folder; see ``ServiceFolder``.
  public var folder: String
  /// CPU of the host's thread; nil leaves it free.
  public var cpu: Int?
  /// NUMA node that the engine's memory is to be on; nil has no preference.
  public var numaNode: Int?
  /// How the host's thread waits.
  public var wait = Wait.park
  /// When events leave.
  public var release = Release.durable
  /// Rings for clients: so many at once. Shape: 1...64.
  public var clients = 8
  /// Room of each. Unit: bytes, a power of two.
  public var clientRingBytes = 1 << 20
  /// Length of a journal's segment. Unit: bytes.
  public var journalSegmentBytes = 256 << 20
  /// The journal's largest group commit. Unit: bytes.
  public var journalBufferBytes = 1 << 20
  /// Commands between two snapshots; 0 writes none.
  public var snapshotInterval: UInt64 = 1_000_000
  /// Snapshots that are kept.
  public var snapshotsKept = 2
  /// Journal segments that are kept in any case; older ones go once the snapshots have them.
  public var journalSegmentsKept = 4
  /// Length of an event log's segment. Unit: bytes.
  public var eventSegmentBytes = 128 << 20
  /// Event log that is kept for readers without a cursor. Unit: bytes.
  public var eventBytesKept = 256 << 20
  /// Commands between two digests in the journal; 0 takes none.
  public var digestInterval = 1_000_000
  /// Events that the host keeps while they may not leave. Unit: events.
  public var eventCapacity = 1 << 16

  /// The address that this replica serves its standby at when it leads, for example `127.0.0.1:7001`; nil for a
  /// service without a standby. Only the loopback interface, unless both have a key or certificates.
  public var listen: String?
  /// The address of the other replica.
  public var peer: String?
  /// This replica's number. Shape: 1...2^32 - 1.
  public var node: UInt64 = 1
  /// The other replica's number.
  public var peerNode: UInt64 = 2
  /// A file on this machine, by its absolute path: the replica that has it locked leads. Or what the maker
  /// of another lease takes.
  public var lease: String?
  /// A file with the key that both replicas have, in hexadecimal digits: their link is TLS 1.3 then. Nobody
  /// but its owner may read it.
  public var replicationKey: String?
  /// In place of a key: this replica's certificate, in PEM, whose key is in ``replicationCertificateKey``.
  public var replicationCertificate: String?
  /// The private key of ``replicationCertificate``, in PEM; nobody but its owner may read it.
  public var replicationCertificateKey: String?
  /// The authority whose certificates both replicas have, in PEM.
  public var replicationAuthority: String?
  /// The name, or address, that the other replica's certificate has.
  public var replicationPeerName: String?

  /// The defaults, in this folder.
  public init(folder: String) { self.folder = folder }

  /// Reads what is there, and leaves the rest as it is by default; an unknown key is an error.
  public init(from decoder: any Decoder) throws {
    let all = try decoder.container(keyedBy: AnyKey.self)
    let known = Set(CodingKeys.allCases.map(\.rawValue))
    if let unknown = all.allKeys.first(where: { !known.contains($0.stringValue) }) {
      throw DecodingError.dataCorrupted(
        .init(codingPath: [], debugDescription: Self.unknownKey(unknown.stringValue)))
    }
    let values = try decoder.container(keyedBy: CodingKeys.self)
    func take<T: Decodable>(_ key: CodingKeys, _ current: inout T) throws {
      if let value = try values.decodeIfPresent(T.self, forKey: key) { current = value }
    }
    folder = ""
    try take(.folder, &folder)
    cpu = try values.decodeIfPresent(Int.self, forKey: .cpu)
    numaNode = try values.decodeIfPresent(Int.self, forKey: .numaNode)
    try take(.wait, &wait)
    try take(.release, &release)
    try take(.clients, &clients)
    try take(.clientRingBytes, &clientRingBytes)
    try take(.journalSegmentBytes, &journalSegmentBytes)
    try take(.journalBufferBytes, &journalBufferBytes)
    try take(.snapshotInterval, &snapshotInterval)
    try take(.snapshotsKept, &snapshotsKept)
    try take(.journalSegmentsKept, &journalSegmentsKept)
    try take(.eventSegmentBytes, &eventSegmentBytes)
    try take(.eventBytesKept, &eventBytesKept)
    try take(.digestInterval, &digestInterval)
    try take(.eventCapacity, &eventCapacity)
    listen = try values.decodeIfPresent(String.self, forKey: .listen)
    peer = try values.decodeIfPresent(String.self, forKey: .peer)
    lease = try values.decodeIfPresent(String.self, forKey: .lease)
    try take(.node, &node)
    try take(.peerNode, &peerNode)
    replicationKey = try values.decodeIfPresent(String.self, forKey: .replicationKey)
    replicationCertificate = try values.decodeIfPresent(
      String.self, forKey: .replicationCertificate)
    replicationCertificateKey = try values.decodeIfPresent(
      String.self, forKey: .replicationCertificateKey)
    replicationAuthority = try values.decodeIfPresent(String.self, forKey: .replicationAuthority)
    replicationPeerName = try values.decodeIfPresent(String.self, forKey: .replicationPeerName)
  }

  enum CodingKeys: String, CodingKey, CaseIterable {
    case folder, cpu, numaNode, wait, release, clients, clientRingBytes, journalSegmentBytes
    case journalBufferBytes, snapshotInterval, snapshotsKept, journalSegmentsKept
    case eventSegmentBytes, eventBytesKept, digestInterval, eventCapacity
    case listen, peer, node, peerNode, lease
    case replicationKey, replicationCertificate, replicationCertificateKey, replicationAuthority
    case replicationPeerName
  }

  private struct AnyKey: CodingKey {
    var stringValue: String
    var intValue: Int? { nil }
    init?(stringValue: String) { self.stringValue = stringValue }
    init?(intValue: Int) { nil }
  }

  /// Reads a JSON5 file. A value that no command line can mend is refused here, so that the error names the file.
  ///
  /// - Throws: ``ServiceError/configurationFile(path:reason:)`` with the field, or with line and column.
  public static func read(path: String) throws(ServiceError) -> ServiceConfiguration {
    let bytes = try ConfigurationFile.read(path)
    let configuration: ServiceConfiguration
    do {
      let decoder = JSONDecoder()
      decoder.allowsJSON5 = true
      configuration = try decoder.decode(Self.self, from: bytes)
    } catch {
      throw .configurationFile(path: path, reason: ConfigurationFile.reason(error, bytes))
    }
    do throws(ServiceError) { try configuration.validateFields() } catch {
      throw .configurationFile(path: path, reason: error.description)
    }
    return configuration
  }

  private static func unknownKey(_ key: String) -> String {
    let known = CodingKeys.allCases.map(\.rawValue)
    return "unknown key \(key)"
      + (ConfigurationFile.nearest(to: key, among: known).map { "; did you mean \($0)?" }
        ?? "; the keys are in docs/formats/service.md")
  }

  /// - Parameter messageBytesMax: A command of the engine and its longest attachment. Unit: bytes.
  /// - Throws: ``ServiceError/configuration(field:value:expected:)``, under the field's name here.
  func validate(messageBytesMax: Int) throws(ServiceError) {
    guard !folder.isEmpty else {
      throw .configuration(field: "folder", value: "empty", expected: "the service's data folder")
    }
    try validateFields()
    guard clientRingBytes / 2 - 8 >= messageBytesMax else {
      throw .configuration(
        field: "clientRingBytes", value: "\(clientRingBytes)",
        expected: "\(2 * (messageBytesMax + 8)) or more, for a command and its longest attachment")
    }
    try validateReplicas()
  }

  /// What holds for each value, whatever the engine and the other replica are.
  private func validateFields() throws(ServiceError) {
    func check<T: Comparable & Sendable>(
      _ field: String, _ value: T, _ range: ClosedRange<T>
    ) throws(ServiceError) {
      guard range.contains(value) else {
        throw .configuration(
          field: field, value: "\(value)", expected: "\(range.lowerBound) to \(range.upperBound)")
      }
    }
    func checkPages(
      _ field: String, _ value: Int, _ range: ClosedRange<Int>
    ) throws(ServiceError) {
      try check(field, value, range)
      guard value % 4_096 == 0 else {
        throw .configuration(field: field, value: "\(value)", expected: "a multiple of 4096")
      }
    }
    if let cpu { try check("cpu", cpu, 0...1_023) }
    if let numaNode { try check("numaNode", numaNode, 0...1_023) }
    try check("clients", clients, 1...ServiceFolder.ringCountMax)
    try check("clientRingBytes", clientRingBytes, 4_096...(1 << 30))
    guard clientRingBytes & (clientRingBytes - 1) == 0 else {
      throw .configuration(
        field: "clientRingBytes", value: "\(clientRingBytes)", expected: "a power of two")
    }
    try checkPages("journalBufferBytes", journalBufferBytes, 4_096...(1 << 30))
    // A segment has a header of one page.
    try checkPages(
      "journalSegmentBytes", journalSegmentBytes, (journalBufferBytes + 4_096)...(1 << 34))
    try checkPages("eventSegmentBytes", eventSegmentBytes, 8_192...(1 << 34))
    try check("eventBytesKept", eventBytesKept, 0...(1 << 62))
    try check("snapshotsKept", snapshotsKept, 1...1_000)
    try check("journalSegmentsKept", journalSegmentsKept, 1...1_000_000)
    try check("digestInterval", digestInterval, 0...(1 << 62))
    try check("eventCapacity", eventCapacity, 1...(1 << 28))
    try check("node", node, 1...(1 << 32 - 1))
    try check("peerNode", peerNode, 1...(1 << 32 - 1))
    for (field, value) in [("listen", listen), ("peer", peer)] {
      if let value { _ = try endpoint(field, value) }
    }
  }

  var waitStrategy: WaitStrategy {
    switch wait {
    case .spin: .spin()
    case .yield: .spinThenYield()
    case .park: .park()
    }
  }

  /// Whether there is a standby, or this may be one.
  public var isReplicated: Bool { listen != nil || peer != nil || lease != nil }

  /// Whether nothing is acknowledged that a standby's disk does not have.
  var waitsForStandby: Bool { release == .replicated }

  var eventRelease: EventRelease {
    switch release {
    case .atOnce: .atOnce
    case .durable: .durable
    case .replicated: .replicated
    }
  }
}
