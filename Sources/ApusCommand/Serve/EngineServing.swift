// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCommandKit
public import ApusCore
public import ApusReplication
public import ApusServiceKit
internal import Foundation

/// `apus serve` of an engine: an `EngineService`, or one of two replicas, from options and a file.
public enum EngineServing {
  /// The options that every engine has.
  public static let options: [Option] = [
    Option(
      "config", "FILE", "a JSON5 file with the values of docs/formats/service.md", role: .input),
    Option("cpu", "N", "run the engine's thread on this CPU (default: any)"),
    Option("numa-node", "N", "keep the engine's memory on this NUMA node (default: any)"),
    Option("wait", "HOW", "spin, yield or park while there is no command (default park)"),
    Option(
      "release", "WHEN",
      "events leave atOnce, when their command is durable (default), or, with --peer, when it is replicated"
    ),
    Option("clients", "N", "rings for clients (default 8)"),
    Option("listen", "ADDRESS:PORT", "replica: where the other one follows when this one leads"),
    Option("peer", "ADDRESS:PORT", "replica: where the other one listens when it leads"),
    Option(
      "lease", "LEASE",
      "replica: the same for both: an absolute path, and who has this file locked leads, or "
        + "nats://HOST:PORT/BUCKET/KEY"),
    Option(
      "replication-key", "FILE",
      "replica: the key that both have, in hexadecimal digits: the link is TLS, and may leave this machine",
      role: .input),
    Option(
      "replication-certificate", "FILE", "replica: its certificate, in place of a key", role: .input
    ),
    Option(
      "replication-certificate-key", "FILE", "replica: the private key of its certificate",
      role: .input),
    Option(
      "replication-authority", "FILE", "replica: the authority of both certificates", role: .input),
    Option(
      "replication-peer-name", "NAME", "replica: the name that the other one's certificate has"),
    Option("node", "N", "replica: its number (default 1)"),
    Option("peer-node", "N", "replica: the other one's number (default 2)"),
  ]

  /// What a system offers to serve its engine.
  ///
  /// - Parameters:
  ///   - name: The word behind `apus serve`.
  ///   - summary: What is served, in a few words.
  ///   - options: Options of this engine, besides ``options``.
  ///   - launch: Starts the host's thread; see `EngineService.Launch`.
  ///   - engine: The engine's configuration. A `ServiceError` of a field that is an option is bad usage.
  public static func offer<Served: Engine & ~Copyable>(
    _ name: String, summary: String, options: [Option] = [], of type: Served.Type,
    launch: @escaping EngineService<Served>.Launch = EngineService<Served>.launchDefault,
    engine: @escaping @Sendable (ParsedOptions) throws -> Served.Configuration
  ) -> CommandOffer {
    offer(
      name, summary: summary, options: options,
      start: { configuration, options in
        try EngineService<Served>.start(
          engine: engine(options), configuration: configuration, launch: launch)
      },
      startReplica: { configuration, options, makeLease in
        try ReplicatedService<Served>.start(
          engine: engine(options), configuration: configuration, launch: launch,
          makeLease: makeLease)
      })
  }

  /// The same for a system that starts its service itself.
  ///
  /// - Parameters:
  ///   - start: Starts the service.
  ///   - startReplica: Starts one of two; the lease is nil where the configuration names a file.
  public static func offer<Served: Engine & ~Copyable>(
    _ name: String, summary: String, options: [Option] = [],
    start:
      @escaping @Sendable (ServiceConfiguration, ParsedOptions) throws -> EngineService<Served>,
    startReplica:
      @escaping @Sendable (
        ServiceConfiguration, ParsedOptions, (@Sendable () -> any LeaderLease)?
      ) throws -> ReplicatedService<Served>
  ) -> CommandOffer {
    CommandOffer(
      name: name, operands: "FOLDER", summary: summary, options: Self.options + options
    ) { request in
      let serving = ServiceRun(name: name, engineOptions: options, request: request)
      let configuration = try serving.configuration()
      guard configuration.isReplicated else {
        return try serving.serve(configuration) { try start(configuration, request.options) }
      }
      let makeLease = try ServeLease.maker(configuration)
      return try serving.follow(configuration) {
        try startReplica(configuration, request.options, makeLease)
      }
    }
  }
}
