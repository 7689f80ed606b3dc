// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
internal import ApusReplication
internal import ApusReplicationNATS
internal import ApusServiceKit
internal import Foundation

/// The lease of `apus serve` that is no file: `--lease nats://HOST:PORT/BUCKET/KEY`.
enum ServeLease {
  /// How long a lease outlives its holder: a take-over waits for it. Unit: nanoseconds.
  private static let timeToLiveNanoseconds: UInt64 = 3_000_000_000

  /// Makes the lease; nil where the configuration names a file.
  static func maker(
    _ configuration: ServiceConfiguration
  ) throws(UsageError) -> (@Sendable () -> any LeaderLease)? {
    guard let address = configuration.lease, address.contains("://") else { return nil }
    do throws(ReplicationError) {
      let lease = try NATSLeaseConfiguration(
        address: address,
        candidate: "node \(configuration.node) on \(ProcessInfo.processInfo.hostName)",
        timeToLiveNanoseconds: timeToLiveNanoseconds)
      return { make(lease) }
    } catch {
      throw UsageError(error.description)
    }
  }

  /// A lease that asks on a thread of its own: the link to the other replica does not wait for the server.
  private static func make(_ configuration: NATSLeaseConfiguration) -> any LeaderLease {
    do {
      return try BackgroundLease {
        do throws(ReplicationError) { return try NATSLease(configuration: configuration) } catch {
          preconditionFailure("ServeLease: expected a configuration that was checked: \(error)")
        }
      }
    } catch {
      return UnaskedLease(reason: "\(error)")
    }
  }
}

/// A lease whose thread cannot be had.
private final class UnaskedLease: LeaderLease {
  let status: LeaseStatus
  init(reason: String) { status = .unknown(reason: reason) }
  func step(now: Nanoseconds) -> LeaseStatus { status }
  func release() {}
}
