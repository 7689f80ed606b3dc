// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusClient
import ApusServeTestKit
import ApusServiceKit
import ApusTestKit
import ApusTestSupport
import ApusTradingService
import Foundation
import Testing

/// `apus serve matching` where something is wrong: one line and the right exit code, or it resumes.
@Suite struct ServeBadInputTests {
  /// The command on a folder that it cannot serve.
  private static func refuse(
    _ folder: String, _ more: [String] = [], contains text: String, exitCode: Int32 = 1
  ) throws {
    let run = try CommandRun(
      arguments: ["serve", "matching", folder, "--orders", "4096"] + more)
    #expect(run.exitCode == exitCode, "\(run.errors)")
    #expect(run.errors.contains(text), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
    #expect(run.output.isEmpty, "\(run.output)")
  }

  @Test func aSecondServiceIsRefusedAndTheFirstContinues() throws {
    let service = try ServeProcess()
    try service.start()
    let trader = ServeTrader(service, session: 1)
    try trader.connect(readsFirst: true)
    trader.prepare()
    trader.trade(through: 10)
    try Self.refuse(service.folder, contains: "another writer has this journal")
    trader.trade(through: 20)
    service.terminate()
  }

  @Test(arguments: [
    ("lease", "lease is lease, expected an absolute path"),
    ("nats://127.0.0.1:4222/apus", "expected nats://HOST:PORT/BUCKET/KEY"),
    ("nats://127.0.0.1:4222/a.b/venue", "bucket"),
    ("redis://127.0.0.1/a/b", "nats://HOST"),
  ])
  func aLeaseThatCannotBeIsBadUsage(lease: String, text: String) throws {
    let scratch = try ScratchFolder()
    try Self.refuse(
      scratch.path("data"),
      ["--listen", "127.0.0.1:7001", "--peer", "127.0.0.1:7002", "--lease", lease],
      contains: text, exitCode: 2)
    #expect(!FileManager.default.fileExists(atPath: scratch.path("data")))
  }

  @Test(arguments: ["0.0.0.0:7001", "localhost:7001"])
  func anAddressBeyondThisMachineIsBadUsage(address: String) throws {
    let scratch = try ScratchFolder()
    try Self.refuse(
      scratch.path("data"),
      ["--listen", address, "--peer", "127.0.0.1:7002", "--lease", scratch.path("lease")],
      contains: "listen is \(address), expected an address of the loopback interface", exitCode: 2)
    #expect(!FileManager.default.fileExists(atPath: scratch.path("data")))
    let path = try scratch.write("venue.json5", "{peer: '\(address)'}")
    try Self.refuse(
      scratch.path("data"), ["--config", path], contains: "\(path): peer is \(address)", exitCode: 3
    )
  }

  /// A mistake in the file is bad input, whatever it is, and the file is named.
  @Test(arguments: [
    ("{clients: 8,\n journalBufferBytes 65536}", "line 2, column 21: expected ':' after the key"),
    ("{clints: 8}", "unknown key clints; did you mean clients?"),
    ("{clients: 65}", "clients is 65, expected 1 to 64"),
    ("{clientRingBytes: 4096, cpu: null, clients: 'two'}", "clients: "),
    ("{release: 'replicated'}", "release is replicated"),
    ("{cpu: 1023}", "cpu is 1023: CPU 1023 is not available"),
  ])
  func aMistakeInTheConfigurationNamesTheFile(text: String, reason: String) throws {
    let scratch = try ScratchFolder()
    let path = try scratch.write("venue.json5", text)
    try Self.refuse(
      scratch.path("data"), ["--config", path], contains: "\(path): \(reason)", exitCode: 3)
    #expect(!FileManager.default.fileExists(atPath: scratch.path("data")))
  }

  @Test func whatIsNamedWronglyIsNamedInTheAnswer() throws {
    let scratch = try ScratchFolder(["file": "text"])
    let data = scratch.path("data")
    try Self.refuse(
      scratch.path("file"), contains: "file: is a file, expected the service's data folder")
    try Self.refuse(
      data, ["--config", scratch.path("absent")], contains: "absent: no such file", exitCode: 3)
    try Self.refuse(data, ["--config", scratch.path], contains: "is a folder", exitCode: 3)
    try Self.refuse(
      data, ["--cpu", "1023"], contains: "--cpu 1023: CPU 1023 is not available", exitCode: 2)
    #expect(!FileManager.default.fileExists(atPath: data))
    let word = try CommandRun("serve", "matchin", data)
    #expect(word.exitCode == 2 && word.errors.contains("matchin: no such engine"), "\(word.errors)")
    let nothing = try CommandRun("serve")
    #expect(nothing.exitCode == 2 && nothing.errors.contains("expected what to serve"))
  }

  @Test func aFolderOfAnotherEngineIsRefused() throws {
    let scratch = try ScratchFolder()
    let path = scratch.path("other")
    let other = try EngineService<SumEngine>.start(
      engine: .init(), configuration: ServiceConfiguration(folder: path))
    var client = try EngineClient<UInt64, UInt64>(
      folder: path, format: SumEngine.snapshotFormat,
      attachmentByteCountMax: SumEngine.attachmentByteCountMax)
    #expect(client.submit(1) == .submitted)
    let isTold = client.wait(limitNanoseconds: 10_000_000_000)
    #expect(isTold)
    try other.stop()
    try Self.refuse(path, contains: "engine")
  }

  /// What the event log's files have to be is in them.
  @Test func anEventLogOfAnotherConfigurationIsRefused() throws {
    let service = try ServeProcess()
    try service.start()
    let trader = ServeTrader(service, session: 1)
    try trader.connect(readsFirst: true)
    trader.prepare()
    service.terminate()
    try Self.refuse(service.folder, contains: "segmentByteCount")

    // The event log of another journal.
    let other = try ServeProcess()
    try other.start()
    let second = ServeTrader(other, session: 1)
    try second.connect(readsFirst: true)
    second.prepare()
    other.terminate()
    let files = FileManager.default
    try files.removeItem(atPath: other.folder + "/events")
    try files.copyItem(atPath: service.folder + "/events", toPath: other.folder + "/events")
    try other.start()
    #expect(other.wait() == 1)
    #expect(other.errors.contains("journal") && other.errors.contains("another folder"))
    #expect(other.errors.split(separator: "\n").count == 1, "\(other.errors)")
  }

  @Test func aFolderThatCannotBeMadeIsRefused() throws {
    let scratch = try ScratchFolder(["file": "text"])
    try Self.refuse(scratch.path("file"), contains: scratch.path("file"))
    try Self.refuse(scratch.path("file/below"), contains: scratch.path("file"))
    try Self.refuse("/proc/service", contains: "/proc/service")
  }

  @Test(.enabled(if: CommandRun.canBeUnprivileged))
  func aFolderThatMayNotBeWrittenIsRefused() throws {
    let scratch = try ScratchFolder()
    #expect(unsafe chmod(scratch.path, 0o755) == 0)
    let run = try CommandRun.unprivilegedShell(
      #""$APUS" serve matching "$PWD/service" --orders 4096"#, in: scratch.path)
    #expect(run.exitCode == 1)
    #expect(run.errors.contains(scratch.path("service")), "\(run.errors)")
    #expect(run.errors.split(separator: "\n").count == 1, "\(run.errors)")
  }

  /// What was submitted before the signal is done and on the disk.
  @Test func aServiceThatIsAskedToEndDoesWhatWasSubmitted() throws {
    let service = try ServeProcess(clients: 3)
    service.configuration.clientRingBytes = 1 << 17
    service.configuration.snapshotInterval = 0
    service.configuration.digestInterval = 0
    try service.start()
    let trader = ServeTrader(service, session: 1)
    try trader.connect(readsFirst: true)
    trader.prepare()
    let floods = try [2, 3].map { try ClientPeerProcess("flood", service.folder, $0) }
    for flood in floods { #expect(flood.wait(forLines: 1)) }
    trader.submit(window: 100, through: 100)
    service.terminate()
    trader.poll()
    #expect(trader.told == 100)
    #expect(service.errors.contains("recovered"))
    for flood in floods { #expect(flood.exitCode() == 0, "\(flood.lines)") }
    // And a service that was asked twice, and may have ended in the middle.
    try service.start()
    try trader.connect(readsFirst: false)
    let flood = try ClientPeerProcess("flood", service.folder, 4)
    #expect(flood.wait(forLines: 1))
    for round in 0..<3 {
      trader.trade(through: trader.told + 50)
      trader.submit()
      service.send(SIGTERM)
      service.send(SIGTERM)
      let code = service.wait()
      #expect(code == 0 || code == -SIGTERM, "round \(round): \(code as Any)")
      try service.start()
      try trader.connect(readsFirst: round == 1)
    }
    trader.trade(through: trader.told + 50)
    service.terminate()
    let told = trader.told
    trader.poll()
    #expect(trader.told == told)
    #expect(try service.events() == trader.seen)
  }

  // MARK: A full disk

  /// Whether this process may give another one a file system of its own.
  static var canMount: Bool {
    guard geteuid() == 0 else { return false }
    let run = try? CommandRun.shell("unshare -m mount -t tmpfs -o size=1m none /mnt", in: "/")
    return run?.exitCode == 0
  }

  /// Starts a service with a file system of its own on a folder.
  ///
  /// - Returns: The process.
  private static func start(
    _ service: ServeProcess, on folder: String, kibibytes: Int
  ) throws -> Int32 {
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    // Each becomes the next one, so that the process is the service in the end.
    try service.start(
      through: """
        exec unshare -m bash -c 'mount -t tmpfs -o size=\(kibibytes)k,mode=700 none "'"\(folder)"'" \\
          && exec "$0" "$@"' "$0" "$@"
        """)
    return service.processID
  }

  /// A journal that the disk has no room for ends the service, with the reason.
  @Test(.enabled(if: canMount, "needs the right to mount"))
  func aFullDiskUnderTheJournalEndsTheService() throws {
    let service = try ServeProcess()
    service.configuration.snapshotInterval = 0
    service.configuration.digestInterval = 0
    let journal = service.folder + "/journal"
    let process = try Self.start(service, on: journal, kibibytes: 2_500)
    var client = try service.connect(at: "/proc/\(process)/root" + service.folder)
    for command in ServeTrades.preparation { #expect(client.submit(command) == .submitted) }
    var told: UInt64 = 0
    var next: UInt64 = 1
    let end = ContinuousClock.now + .seconds(60)
    while service.isRunning, ContinuousClock.now < end {
      while next <= told + 300, client.submit(order: next, session: 1) == .submitted { next += 1 }
      _ = client.poll { if $0.event.kind == .accepted { told += 1 } }
    }
    #expect(service.wait() == 1)
    #expect(told > 0 && service.errors.contains("no space left"), "\(service.errors)")
    #expect(service.errors.contains(journal), "\(service.errors)")
  }

  /// Clients wait while the event log has no room, and lose nothing.
  @Test(.enabled(if: canMount, "needs the right to mount"))
  func aFullDiskUnderTheEventLogIsWaitedFor() throws {
    let service = try ServeProcess()
    service.configuration.eventCapacity = 8_192
    service.configuration.snapshotInterval = 0
    service.configuration.digestInterval = 0
    let events = service.folder + "/events"
    let process = try Self.start(service, on: events, kibibytes: 768)
    let end = ContinuousClock.now + .seconds(60)
    // Its files as it sees them.
    let seenFrom = "/proc/\(process)/root" + service.folder
    var client = try service.connect(at: seenFrom)
    for command in ServeTrades.preparation { #expect(client.submit(command) == .submitted) }
    var told: UInt64 = 0
    var next: UInt64 = 1
    func turn() -> Bool {
      var isMoving = false
      while next <= told + 10_000, client.submit(order: next, session: 1) == .submitted {
        next += 1
        isMoving = true
      }
      while case .events = client.poll({ sequenced in
        guard sequenced.event.kind == .accepted else { return }
        if ServeTrades.number(ofOrder: sequenced.event.orderId) != told + 1 {
          Issue.record("\(sequenced.event) after \(told)")
        }
        told += 1
      }) { isMoving = true }
      return isMoving
    }
    // Until nothing moves for a while.
    var quiet = ContinuousClock.now
    while ContinuousClock.now - quiet < .seconds(2), ContinuousClock.now < end {
      if turn() { quiet = ContinuousClock.now } else { usleep(1_000) }
    }
    #expect(told > 100 && next > told + 1, "\(told) of \(next)")
    let before = told
    let counters = try CommandRun("top", seenFrom, "--once")
    #expect(counters.output.contains("apus_problems"), "\(counters.output) \(counters.errors)")
    let grown = try CommandRun.shell(
      "nsenter -t \(process) -m mount -o remount,size=64m '\(events)'", in: "/")
    #expect(grown.exitCode == 0, "\(grown.errors)")
    let submitted = next - 1
    let later = ContinuousClock.now + .seconds(60)
    while told < submitted + 1_000, ContinuousClock.now < later { _ = turn() }
    #expect(told >= submitted + 1_000 && before < told)
    service.terminate()
  }
}
