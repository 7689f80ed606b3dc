// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
public import ApusReplication
public import ApusServiceKit
public import ApusTrading

/// The matching engine as a service of its own: `apus serve matching`.
public enum MatchingService {
  /// A service whose engine is the matching engine.
  public typealias Service = EngineService<MatchingEngine>
  /// One of two replicas of it.
  public typealias Replica = ReplicatedService<MatchingEngine>

  /// Orders that may rest, unless something else is asked for.
  public static let orderCapacityDefault = 1 << 20

  /// Recovers the engine in the folder, or makes one, and serves.
  ///
  /// - Parameter orderCapacity: Orders that may rest at the same time. Shape: 1...2^31.
  /// - Throws: ``ServiceError``.
  public static func start(
    orderCapacity: Int, configuration: ServiceConfiguration
  ) throws(ServiceError) -> Service {
    try Service.start(
      engine: limits(orderCapacity), configuration: configuration, launch: launch)
  }

  /// Starts one of two replicas; see ``ReplicatedService``.
  ///
  /// - Parameters:
  ///   - orderCapacity: The same for both. Shape: 1...2^31.
  ///   - makeLease: Makes the lease, on the replica's thread; by default that of the configuration's file.
  /// - Throws: ``ServiceError``.
  public static func startReplica(
    orderCapacity: Int, configuration: ServiceConfiguration,
    makeLease: (@Sendable () -> any LeaderLease)? = nil
  ) throws(ServiceError) -> Replica {
    try Replica.start(
      engine: limits(orderCapacity), configuration: configuration, launch: launch,
      makeLease: makeLease)
  }

  /// In this module, where the engine is known, so that the host's loop is made for it.
  private static var launch: Service.Launch {
    { host, cpuIndex throws(ThreadError) in
      try EngineThread.start(host, name: "apus-host", cpuIndex: cpuIndex)
    }
  }

  private static func limits(
    _ orderCapacity: Int
  ) throws(ServiceError) -> MatchingEngine.Configuration {
    guard (1...(1 << 31)).contains(orderCapacity) else {
      throw .configuration(field: "orders", value: "\(orderCapacity)", expected: "1 to 2^31")
    }
    return MatchingEngine.Configuration(
      orderCapacity: orderCapacity, levelCapacity: min(orderCapacity, 1 << 20))
  }
}
