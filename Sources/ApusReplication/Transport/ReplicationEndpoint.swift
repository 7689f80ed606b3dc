// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Where a primary listens: a numeric address, since names would have to be waited for.
public struct ReplicationEndpoint: Hashable, Sendable, CustomStringConvertible {
  /// IPv4 or IPv6, for example `127.0.0.1` or `::1`.
  public var address: String
  /// 0 lets the kernel choose, for those who listen.
  public var port: UInt16

  /// An endpoint.
  public init(address: String, port: UInt16) {
    self.address = address
    self.port = port
  }

  /// For messages.
  public var description: String {
    address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
  }
}
