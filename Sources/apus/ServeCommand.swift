// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusServiceKit
internal import ApusTradingService
internal import Foundation

/// `apus serve`: an engine as a process that others on this machine drive.
enum ServeCommand: Command {
  static let name = "serve"
  static let summary =
    "Runs the matching engine as a service: clients on this machine submit through rings in its folder "
    + "and read its event log. Ends on SIGTERM or SIGINT, after what was submitted is done and on the disk."
  static let usage = "serve matching FOLDER [options]"
  static let options = [
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
    Option("orders", "N", "orders that may rest (default 1048576)"),
    Option("listen", "ADDRESS:PORT", "replica: where the other one follows when this one leads"),
    Option("peer", "ADDRESS:PORT", "replica: where the other one listens when it leads"),
    Option(
      "lease", "LEASE",
      "replica: the same for both: an absolute path, and who has this file locked leads, or "
        + "nats://HOST:PORT/BUCKET/KEY"),
    Option("node", "N", "replica: its number (default 1)"),
    Option("peer-node", "N", "replica: the other one's number (default 2)"),
    Option("json", nil, "print one JSON object: what was served"),
  ]

  static func files(_ options: ParsedOptions) -> FileUse {
    FileUse(inputs: [options.string("config")].compactMap { $0 }, outputs: [])
  }

  private struct Served: Encodable {
    var folder: String
    var commands: UInt64
    var events: UInt64
    var lastSequence: UInt64
    var acknowledgedSequence: UInt64
    var refusedMessages: UInt64
    var problems: [String]
  }

  static func run(_ options: ParsedOptions) throws -> ExitCode {
    switch options.operands.first {
    case "matching": break
    case nil: throw UsageError("expected what to serve: apus serve matching FOLDER")
    case let word?:
      throw UsageError("\(word): no such engine; expected: apus serve matching FOLDER")
    }
    let configuration = try configuration(options)
    let orders =
      try options.integer("orders", in: 1...(1 << 31)) ?? MatchingService.orderCapacityDefault
    Interruption.becomeRequest()
    if configuration.isReplicated { return try runReplica(orders, configuration, options) }
    let service: MatchingService.Service
    do throws(ServiceError) {
      service = try MatchingService.start(orderCapacity: orders, configuration: configuration)
    } catch {
      throw failure(error, options)
    }
    Console.errorLines(
      """
      \(service.recovery.description)
      event log: \(service.eventLogRecovery.position) events; journal: \(service.journalMode)
      serving \(configuration.folder) for \(configuration.clients) clients; \
      watch it with: apus top \(configuration.folder)
      """)
    if let shortfall = service.shortfall { Console.error("apus: \(shortfall)") }
    while service.isServing, !Interruption.isRequested { Thread.sleep(forTimeInterval: 0.02) }
    let hadFailed = service.status.hasFailed
    do throws(ServiceError) { try service.stop() } catch { throw WorkError(error.description) }
    let status = service.status
    try report(status, configuration, options)
    return hadFailed || status.hasFailed ? .failed : .good
  }

  /// The error with the exit code that it has: a value of the configuration's file is bad input, one of the command
  /// line bad usage.
  private static func failure(_ error: ServiceError, _ options: ParsedOptions) -> any Error {
    guard case .configuration(let field, _, _) = error else { return WorkError(error.description) }
    let isOption = Self.options.contains { $0.name == field } && options.has(field)
    guard let path = options.string("config"), !isOption else {
      return UsageError(error.description)
    }
    return InputError("\(path): \(error.description)")
  }

  private static func runReplica(
    _ orders: Int, _ configuration: ServiceConfiguration, _ options: ParsedOptions
  ) throws -> ExitCode {
    let makeLease = try ServeLease.maker(configuration)
    let replica: MatchingService.Replica
    do throws(ServiceError) {
      replica = try MatchingService.startReplica(
        orderCapacity: orders, configuration: configuration, makeLease: makeLease)
    } catch {
      throw failure(error, options)
    }
    var shownRole: ReplicaRole?
    var shownProblems: [String] = []
    while !Interruption.isRequested {
      let status = replica.status
      if status.role != shownRole {
        shownRole = status.role
        Console.errorLines(Self.line(status, configuration))
      }
      let known = [
        status.shortfall, status.leaseProblem, status.eventLogProblem, status.standbyProblem,
      ]
      let problems = known.compactMap { $0 } + (status.service?.problems ?? [])
      if problems != shownProblems {
        for problem in problems where !shownProblems.contains(problem) {
          Console.error("apus: \(problem)")
        }
        shownProblems = problems
      }
      if status.role == .stopped { break }
      Thread.sleep(forTimeInterval: 0.02)
    }
    replica.stop()
    let status = replica.status
    if let service = status.service { try report(service, configuration, options) }
    if let failure = status.failure { throw WorkError(failure) }
    return status.service?.hasFailed == true ? .failed : .good
  }

  private static func line(_ status: ReplicaStatus, _ configuration: ServiceConfiguration) -> String
  {
    switch status.role {
    case .primary:
      "leads in epoch \(status.epoch), at sequence \(status.appliedSequence): serving \(configuration.folder)"
        + (status.takeOver.map {
          "; took over in \(milliseconds($0.promotionNanoseconds + $0.openingNanoseconds)) ms: epoch "
            + "\(milliseconds($0.promotionNanoseconds)), opening \(milliseconds($0.openingNanoseconds))"
        } ?? "")
    case .standby: "follows \(configuration.peer ?? "")"
    case .stopped: "stopped"
    }
  }

  private static func milliseconds(_ nanoseconds: UInt64) -> String {
    String(format: "%.1f", Double(nanoseconds) / 1e6)
  }

  private static func report(
    _ status: ServiceStatus, _ configuration: ServiceConfiguration, _ options: ParsedOptions
  ) throws {
    for problem in status.problems { Console.error("apus: \(problem)") }
    if options.has("json") {
      try Console.printJSON(
        Served(
          folder: configuration.folder, commands: status.commandCount, events: status.eventCount,
          lastSequence: status.appliedSequence,
          acknowledgedSequence: status.acknowledgedSequence,
          refusedMessages: status.refused.count, problems: status.problems))
    } else {
      try Console.print(
        "served \(status.commandCount) commands; \(status.eventCount) events in the log; "
          + "everything up to \(status.acknowledgedSequence) is acknowledged")
    }
  }

  private static func configuration(_ options: ParsedOptions) throws -> ServiceConfiguration {
    guard options.operands.count <= 2 else {
      throw UsageError("\(options.operands[2]): expected one folder")
    }
    var configuration = ServiceConfiguration(folder: "")
    if let path = options.string("config") {
      do throws(ServiceError) { configuration = try .read(path: path) } catch {
        throw InputError(error.description)
      }
    }
    if options.operands.count == 2 { configuration.folder = options.operands[1] }
    guard !configuration.folder.isEmpty else {
      throw UsageError("expected the service's data folder: apus serve matching FOLDER")
    }
    let found = try? FileManager.default.attributesOfItem(atPath: configuration.folder)
    if found?[.type] as? FileAttributeType == .typeRegular {
      throw WorkError(
        "\(configuration.folder): is a file, expected the service's data folder; a configuration goes "
          + "with --config")
    }
    configuration.cpu = try options.integer("cpu", in: 0...1_023) ?? configuration.cpu
    try check(cpu: configuration.cpu, options)
    configuration.numaNode =
      try options.integer("numa-node", in: 0...1_023) ?? configuration.numaNode
    configuration.clients =
      try options.integer("clients", in: 1...ServiceFolder.ringCountMax) ?? configuration.clients
    configuration.listen = options.string("listen") ?? configuration.listen
    configuration.peer = options.string("peer") ?? configuration.peer
    configuration.lease = options.string("lease") ?? configuration.lease
    let numbers = 1...(1 << 32 - 1)
    configuration.node =
      try options.integer("node", in: numbers).map { UInt64($0) } ?? configuration.node
    configuration.peerNode =
      try options.integer("peer-node", in: numbers).map { UInt64($0) } ?? configuration.peerNode
    configuration.wait = try word("wait", options) ?? configuration.wait
    configuration.release = try word("release", options) ?? configuration.release
    return configuration
  }

  /// Before anything is made: a thread finds out only when it is started.
  private static func check(cpu: Int?, _ options: ParsedOptions) throws {
    let allowed = CPUTopology.current().cpus.filter(\.isAllowed).map(\.index)
    guard let cpu, !allowed.isEmpty, !allowed.contains(cpu) else { return }
    let error = ThreadError.cpuUnavailable(cpuIndex: cpu, allowed: allowed)
    if options.has("cpu") { throw UsageError("--cpu \(cpu): \(error)") }
    throw InputError("\(options.string("config") ?? "cpu"): cpu is \(cpu): \(error)")
  }

  private static func word<Word: RawRepresentable<String> & CaseIterable>(
    _ name: String, _ options: ParsedOptions
  ) throws(UsageError) -> Word? {
    guard let text = options.string(name) else { return nil }
    guard let word = Word(rawValue: text) else {
      let known = Word.allCases.map(\.rawValue).joined(separator: ", ")
      throw UsageError("--\(name) \(text): expected one of \(known)")
    }
    return word
  }
}
