// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore

/// A service's counters in its folder, for `apus top FOLDER` and Prometheus.
struct ServiceCounters: ~Copyable, Sendable {
  private let file: CounterFile
  private var commands: Counter
  private var events: Counter
  private var applied: Gauge
  private var durable: Gauge
  private var acknowledged: Gauge
  private var snapshot: Gauge
  private var problems: Gauge
  private var leading: Gauge
  private var tooShort: Counter
  private var tooLong: Counter
  private var unknown: Counter
  private var corrupt: Counter

  /// Room for the histograms. Unit: bytes.
  private static let histogramByteCapacity = 1 << 18

  /// Makes the file.
  ///
  /// - Parameter latencies: Gets the histograms of a host that does not run yet.
  static func open(
    _ folder: ServiceFolder, _ latencies: SharedLatencies
  ) throws(ServiceError) -> ServiceCounters {
    do throws(CounterFileError) {
      return try ServiceCounters(path: folder.counters, latencies)
    } catch {
      throw .counters(error)
    }
  }

  /// Up to a minute, in two digits.
  private static func histogram(
    _ file: CounterFile, _ name: String, _ help: String
  ) throws(CounterFileError) -> SharedHistogram {
    guard
      let layout = try? HistogramLayout(
        lowestDiscernible: 1, highestTrackable: 60_000_000_000, significantDigits: 2)
    else { preconditionFailure("ServiceCounters.histogram: expected a layout that can be") }
    return try file.histogram(name, help: help, layout: layout)
  }

  private init(path: String, _ latencies: SharedLatencies) throws(CounterFileError) {
    let file = try CounterFile(
      path: path,
      configuration: .init(
        slotCapacity: 64, histogramByteCapacity: Self.histogramByteCapacity))
    latencies.attach(
      command: try Self.histogram(
        file, "apus_command_latency_nanoseconds",
        "From the host's taking of a command until its events are in the event log."),
      commit: try Self.histogram(
        file, "apus_commit_latency_nanoseconds",
        "From the host's taking of a command until the disk has it."))
    func refused(_ reason: String) throws(CounterFileError) -> Counter {
      try file.counter(
        "apus_refused_messages_total", help: "Messages in clients' rings that were no command.",
        labels: [.init("reason", reason)])
    }
    let commands = try file.counter(
      "apus_commands_total", help: "Commands applied since the start.")
    let events = try file.counter("apus_events_total", help: "Events in the event log's life.")
    let applied = try file.gauge("apus_applied_sequence", help: "Last record that was applied.")
    let durable = try file.gauge("apus_durable_sequence", help: "Last record on the disk.")
    let acknowledged = try file.gauge(
      "apus_acknowledged_sequence", help: "Last record whose events are in the event log.")
    let snapshot = try file.gauge("apus_snapshot_sequence", help: "Record of the newest snapshot.")
    let problems = try file.gauge("apus_problems", help: "What is amiss now; 0 while all is well.")
    let leading = try file.gauge(
      "apus_leading", help: "1 where it takes commands, 0 while it follows another replica.")
    let tooShort = try refused("too_short")
    let tooLong = try refused("attachment_too_long")
    let unknown = try refused("unknown_type")
    let corrupt = try refused("corrupt_ring")
    self.file = file
    self.commands = commands
    self.events = events
    self.applied = applied
    self.durable = durable
    self.acknowledged = acknowledged
    self.snapshot = snapshot
    self.problems = problems
    self.leading = leading
    self.tooShort = tooShort
    self.tooLong = tooLong
    self.unknown = unknown
    self.corrupt = corrupt
  }

  mutating func update(_ status: ServiceStatus, isLeading: Bool) {
    commands.set(status.commandCount)
    events.set(status.eventCount)
    applied.set(Int64(clamping: status.appliedSequence))
    durable.set(Int64(clamping: status.durableSequence))
    acknowledged.set(Int64(clamping: status.acknowledgedSequence))
    snapshot.set(Int64(clamping: status.snapshotSequence))
    problems.set(Int64(status.problems.count))
    leading.set(isLeading ? 1 : 0)
    tooShort.set(status.refused.tooShort)
    tooLong.set(status.refused.attachmentTooLong)
    unknown.set(status.refused.unknownType)
    corrupt.set(status.refused.corruptRings)
  }
}
