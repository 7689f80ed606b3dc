// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusBench
import ApusCapture
import ApusCommand
import ApusCore
import ApusTestSupport
import Foundation

/// Counts: every command adds to one number, and the event is what it has become.
struct CounterEngine: Engine {
  static let snapshotFormat = SnapshotFormat(name: "counter", version: 1)
  let eventCountMax = 1
  /// More than this is taken off again.
  private let limit: UInt64
  private(set) var total: UInt64 = 0
  private(set) var count: UInt64 = 0

  static func fingerprint(of limit: UInt64) -> UInt64 { limit }

  init(configuration limit: UInt64) { self.limit = max(1, limit) }

  init(configuration limit: UInt64, snapshot: inout SnapshotReader) throws(SnapshotError) {
    self.limit = max(1, limit)
    total = try snapshot.read(field: "total")
    count = try snapshot.read(field: "count")
  }

  mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<UInt64>
  ) {
    count &+= 1
    total = (total &+ command) % limit
    events.emit(total)
  }

  var digest: UInt64 {
    var digest = StateDigest()
    digest.mix(total)
    digest.mix(count)
    return digest.value
  }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(total)
    try writer.write(count)
  }
}

/// A file of numbers: `COUNTS`, a line feed, and eight bytes each.
enum CountsFile {
  static let magic = Array("COUNTS\n".utf8)

  static func bytes(seed: UInt64, count: Int) -> [UInt8] {
    var random = SeededRandom(seed: seed)
    return magic
      + (0..<count).flatMap { _ -> [UInt8] in
        let number = random.next()
        return (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
      }
  }

  /// nil where the end is missing.
  static func numbers(_ bytes: [UInt8]) -> [UInt64]? {
    let body = bytes.dropFirst(magic.count)
    guard body.count.isMultiple(of: 8) else { return nil }
    return stride(from: body.startIndex, to: body.endIndex, by: 8).map { start in
      (0..<8).reduce(0) { $0 | UInt64(body[start + $1]) << (8 * UInt64($1)) }
    }
  }
}

extension RawSpan {
  fileprivate func byte(at offset: Int) -> UInt8 {
    // SAFETY: any bits are a byte, and the span checks the offset.
    unsafe unsafeLoad(fromByteOffset: offset, as: UInt8.self)
  }
}

/// A whole system, as one value: nothing else in the command knows it.
extension SystemOffer {
  static let counterLimit: UInt64 = 1_000_003

  static var counter: SystemOffer {
    var offer = SystemOffer(name: "counter", summary: "Counts.")
    offer.replays = [counterReplay]
    offer.generators = [counterGenerator]
    offer.services = [
      EngineServing.offer(
        "counter", summary: "the counter",
        options: [Option("limit", "N", "the counter begins anew there (default 1000003)")],
        of: CounterEngine.self
      ) { options in
        UInt64(try options.integer("limit", in: 1...Int.max) ?? Int(counterLimit))
      }
    ]
    offer.suites = [
      BenchmarkSuite(name: "counter") { _ in
        [BenchmarkCase(name: "counter.add", operationCount: 3) { 6 }]
      }
    ]
    offer.demo = DemoOffer(
      options: [Option("counts", "N", "numbers to count (default 100)")], steps: counterSteps)
    return offer
  }

  private static var counterGenerator: CommandOffer {
    CommandOffer(
      name: "counts", operands: "FILE", summary: "numbers to count",
      options: [
        Option("count", "N", "numbers (default 100)"), Option("seed", "N", "the same numbers"),
      ], files: { FileUse(outputs: Array($0.prefix(1))) }
    ) { request in
      guard let path = request.options.operands.first else { throw UsageError("expected a file") }
      let count = try request.options.integer("count", in: 1...1_000_000) ?? 100
      let bytes = try CountsFile.bytes(seed: request.options.seed(), count: count)
      let file = try AtomicFileWriter(path: path)
      try file.write(bytes)
      try file.commit()
      if request.wantsJSON {
        try request.console.printJSON(["count": count])
      } else {
        try request.console.print("\(path): \(count) numbers")
      }
      return .good
    }
  }

  private static var counterReplay: ReplayOffer {
    ReplayOffer(
      formats: [
        ReplayFormat(name: "counts", title: "numbers to count") {
          $0.starts(with: CountsFile.magic)
        }
      ],
      summary: "numbers, through the counter",
      options: [Option("limit", "N", "the counter begins anew there (default 1000003)")]
    ) { request in
      let limit = UInt64(
        try request.options.integer("limit", in: 1...Int.max) ?? Int(counterLimit))
      var bytes: [UInt8] = []
      let stream = try request.inputs.take(0)
      let reader = try ReadAhead(producer: stream)
      while try reader.nextWindow({ window, _, _ in
        bytes += (0..<window.byteCount).map { window.byte(at: $0) }
        return window.byteCount
      }) {}
      guard let numbers = CountsFile.numbers(bytes) else {
        throw InputError("\(request.inputs.paths[0]): the last number is cut")
      }
      let digest = HumanText.hexadecimal(try counted(numbers, limit))
      if request.wantsJSON {
        try request.console.printJSON(["digest": digest])
      } else {
        try request.console.print("\(numbers.count) numbers, digest \(digest)")
      }
      return .good
    }
  }

  /// Under its host, at recorded times.
  static func counted(_ numbers: [UInt64], _ limit: UInt64) throws -> UInt64 {
    var host = try EngineHost(
      engine: CounterEngine(configuration: limit), input: NoInput(), journal: NoJournal(),
      output: CallerOutput(),
      configuration: HostConfiguration(
        release: .atOnce, eventCapacity: 4, timedBatchInterval: nil))
    for (index, number) in numbers.enumerated() {
      guard host.step(now: Nanoseconds(UInt64(index)), command: number) else {
        throw WorkError("the host takes no command")
      }
      host.takeEvents { _ in }
    }
    return host.engine.digest
  }

  private static var counterSteps: [DemoStep] {
    [
      DemoStep(
        title: { "\(try $0.integer("counts", in: 1...1_000_000) ?? 100) numbers are counted" },
        run: { request in
          let count = try request.options.integer("counts", in: 1...1_000_000) ?? 100
          let numbers = CountsFile.numbers(CountsFile.bytes(seed: 1, count: count)) ?? []
          let digest = try counted(numbers, counterLimit)
          guard try counted(numbers, counterLimit) == digest else {
            throw WorkError("another digest")
          }
          try Data("<p>\(digest)</p>".utf8).write(
            to: URL(fileURLWithPath: request.path("counts & <all>.html")))
          return DemoOutcome(
            figures: [.init("numbers", "\(count)"), .init("digest <b>", "\(digest)")],
            proof: "Counted twice, the digest is the same.", report: "counts & <all>.html")
        })
    ]
  }
}
