// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
internal import ApusCore
internal import ApusServiceKit
internal import Foundation

/// One `apus serve`, from its command line to its end.
struct ServiceRun {
  let name: String
  /// Options that decide the engine's configuration.
  let engineOptions: [Option]
  let request: CommandRequest
  var options: ParsedOptions { request.options }
  private var console: Console { request.console }

  init(name: String, engineOptions: [Option], request: CommandRequest) {
    self.name = name
    self.engineOptions = engineOptions
    self.request = request
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

  /// Serves until it is asked to end.
  func serve<Served: Engine & ~Copyable>(
    _ configuration: ServiceConfiguration, _ start: () throws -> EngineService<Served>
  ) throws -> ExitCode {
    request.environment.endRequest.expect()
    let service: EngineService<Served>
    do { service = try start() } catch let error as ServiceError { throw failure(error) }
    console.errorLines(
      """
      \(service.recovery.description)
      event log: \(service.eventLogRecovery.position) events; journal: \(service.journalMode)
      serving \(configuration.folder) for \(configuration.clients) clients; \
      watch it with: apus top \(configuration.folder)
      """)
    if let shortfall = service.shortfall { console.error("apus: \(shortfall)") }
    while service.isServing, !request.environment.endRequest.isRequested {
      Thread.sleep(forTimeInterval: 0.02)
    }
    let hadFailed = service.status.hasFailed
    do throws(ServiceError) { try service.stop() } catch { throw WorkError(error.description) }
    let status = service.status
    try report(status, configuration)
    return hadFailed || status.hasFailed ? .failed : .good
  }

  /// Follows or leads until it is asked to end.
  func follow<Served: Engine & ~Copyable>(
    _ configuration: ServiceConfiguration, _ start: () throws -> ReplicatedService<Served>
  ) throws -> ExitCode {
    request.environment.endRequest.expect()
    let replica: ReplicatedService<Served>
    do { replica = try start() } catch let error as ServiceError { throw failure(error) }
    var shownRole: ReplicaRole?
    var shownProblems: [String] = []
    while !request.environment.endRequest.isRequested {
      let status = replica.status
      if status.role != shownRole {
        shownRole = status.role
        console.errorLines(line(status, configuration))
      }
      let known = [
        status.shortfall, status.leaseProblem, status.linkProblem, status.eventLogProblem,
        status.standbyProblem,
      ]
      let problems = known.compactMap { $0 } + (status.service?.problems ?? [])
      if problems != shownProblems {
        for problem in problems where !shownProblems.contains(problem) {
          console.error("apus: \(problem)")
        }
        shownProblems = problems
      }
      if status.role == .stopped { break }
      Thread.sleep(forTimeInterval: 0.02)
    }
    replica.stop()
    let status = replica.status
    if let service = status.service { try report(service, configuration) }
    if let failure = status.failure { throw WorkError(failure) }
    return status.service?.hasFailed == true ? .failed : .good
  }

  /// The error with the exit code that it has: a value of the configuration's file is bad input, one of the command
  /// line bad usage.
  private func failure(_ error: ServiceError) -> any Error {
    if case .folder(let path, _) = error, path.hasSuffix("/engine.json"), !engineOptions.isEmpty {
      let names = engineOptions.map { "--\($0.name)" }.joined(separator: ", ")
      return WorkError("\(error.description) (what decides it: \(names))")
    }
    // A key or a certificate that does not hold is input.
    if case .replication(.security) = error { return InputError(error.description) }
    guard case .configuration(let field, _, _) = error else { return WorkError(error.description) }
    let isOption = options.has(Self.option(of: field))
    guard let path = options.string("config"), !isOption else {
      return UsageError(error.description)
    }
    return InputError("\(path): \(error.description)")
  }

  /// `peerNode` is `--peer-node`.
  private static func option(of field: String) -> String {
    field.map { $0.isUppercase ? "-" + $0.lowercased() : String($0) }.joined()
  }

  private func line(_ status: ReplicaStatus, _ configuration: ServiceConfiguration) -> String {
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

  private func milliseconds(_ nanoseconds: UInt64) -> String {
    String(format: "%.1f", Double(nanoseconds) / 1e6)
  }

  private func report(
    _ status: ServiceStatus, _ configuration: ServiceConfiguration
  ) throws {
    for problem in status.problems { console.error("apus: \(problem)") }
    if options.has("json") {
      try console.printJSON(
        Served(
          folder: configuration.folder, commands: status.commandCount, events: status.eventCount,
          lastSequence: status.appliedSequence,
          acknowledgedSequence: status.acknowledgedSequence,
          refusedMessages: status.refused.count, problems: status.problems))
    } else {
      try console.print(
        "served \(status.commandCount) commands; \(status.eventCount) events in the log; "
          + "everything up to \(status.acknowledgedSequence) is acknowledged")
    }
  }
}
