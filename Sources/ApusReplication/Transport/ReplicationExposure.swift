// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Which peers a side of a replica link lets itself in with. The link is neither authenticated nor
/// encrypted: whoever reaches a primary can read its stream and end its time, and whoever takes a
/// primary's place can feed its standbys.
public enum ReplicationExposure: Equatable, Sendable, CustomStringConvertible {
  /// Those of this machine: addresses of the loopback interface, and no others.
  case loopbackOnly
  /// Whoever the network lets through. Keep it a network of its own.
  case unauthenticatedNetwork

  /// For reports.
  public var description: String {
    switch self {
    case .loopbackOnly: "loopback only, not authenticated"
    case .unauthenticatedNetwork: "open to the network, NOT AUTHENTICATED"
    }
  }

  func check(_ isLoopback: Bool, _ endpoint: ReplicationEndpoint) throws(ReplicationError) {
    guard isLoopback || self == .unauthenticatedNetwork else {
      throw .configuration(
        field: "address", value: endpoint.address,
        expected: "an address of the loopback interface, since the link is not authenticated; or "
          + "exposure .unauthenticatedNetwork, on a network of its own")
    }
  }
}
