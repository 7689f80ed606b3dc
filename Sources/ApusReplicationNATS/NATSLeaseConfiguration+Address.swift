// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusReplication

extension NATSLeaseConfiguration {
  /// What the address of a lease begins with.
  public static let addressScheme = "nats://"

  /// A lease from one line: `nats://HOST:PORT/BUCKET/KEY`, with several servers of a cluster between
  /// commas, `nats://HOST:PORT,HOST:PORT/BUCKET/KEY`. What follows the bucket is the key.
  ///
  /// - Throws: ``ReplicationError/configuration(field:value:expected:)``.
  public init(
    address: String, candidate: String, timeToLiveNanoseconds: UInt64
  ) throws(ReplicationError) {
    let parts = address.dropFirst(Self.addressScheme.count)
      .split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    let servers = parts.first?.split(separator: ",", omittingEmptySubsequences: false) ?? []
    guard address.hasPrefix(Self.addressScheme), parts.count == 3, !servers.contains("") else {
      throw .configuration(
        field: "lease", value: Self.withoutSecrets(address),
        expected: "\(Self.addressScheme)HOST:PORT/BUCKET/KEY")
    }
    self.init(
      url: servers.map { Self.addressScheme + $0 }.joined(separator: ","),
      bucket: String(parts[1]), key: String(parts[2]), candidate: candidate,
      timeToLiveNanoseconds: timeToLiveNanoseconds)
    try validate()
  }

  /// The servers as messages show them: a name and password, or a token, are not for everybody who reads them.
  var shownURL: String { Self.withoutSecrets(url) }

  /// An address without what stands before the `@` of each server.
  static func withoutSecrets(_ address: String) -> String {
    address.split(separator: ",", omittingEmptySubsequences: false).map { server in
      guard let end = server.lastIndex(of: "@") else { return String(server) }
      let scheme = server.hasPrefix(addressScheme) ? addressScheme : ""
      return scheme + server[server.index(after: end)...]
    }.joined(separator: ",")
  }
}
