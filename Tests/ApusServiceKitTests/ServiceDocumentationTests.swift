// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusCommand
import ApusTestKit
import Foundation
import Testing

@testable import ApusServiceKit

/// docs/formats/service.md says what the code does.
@Suite struct ServiceDocumentationTests {
  /// A row of the table of the configuration.
  struct Field: CustomStringConvertible {
    var key: String
    var defaultText: String
    var range: String
    var description: String { key }

    /// As numbers; nil where the range is no range of numbers.
    var bounds: ClosedRange<Int>? {
      guard let match = range.firstMatch(of: /([0-9]+) to ([0-9^]+)/),
        let low = Int(match.1), let high = Self.number(match.2)
      else { return nil }
      return low...high
    }

    /// A number as the page writes it, `2^34` too; nil for one that an `Int` cannot be.
    private static func number(_ text: Substring) -> Int? {
      guard text.hasPrefix("2^") else { return Int(text) }
      return Int(text.dropFirst(2)).flatMap { $0 < 63 ? 1 << $0 : nil }
    }
  }

  static let page: String = {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let bytes = try? Data(contentsOf: root.appendingPathComponent("docs/formats/service.md"))
    return String(decoding: bytes ?? Data(), as: UTF8.self)
  }()

  static func section(_ title: String) -> Substring {
    guard let start = page.range(of: "\n## \(title)\n") else { return "" }
    let rest = page[start.upperBound...]
    return rest.range(of: "\n## ").map { rest[..<$0.lowerBound] } ?? rest
  }

  static func rows(_ title: String) -> [[String]] {
    section(title).split(separator: "\n").filter { $0.hasPrefix("| `") }.map { row in
      row.split(separator: "|", omittingEmptySubsequences: false).dropFirst().map {
        $0.trimmingCharacters(in: .whitespaces)
      }
    }
  }

  static func name(_ cell: String) -> String {
    cell.trimmingCharacters(in: CharacterSet(charactersIn: "`"))
  }

  static let fields: [Field] = rows("Configuration").map {
    Field(key: name($0[0]), defaultText: name($0[1]), range: $0[2])
  }

  static func keys(_ value: some Encodable) throws -> Set<String> {
    let object = try JSONSerialization.jsonObject(with: JSONEncoder().encode(value))
    return Set((object as? [String: Any] ?? [:]).keys)
  }

  @Test func everyFieldIsInTheTable() throws {
    var configuration = ServiceConfiguration(folder: "/x")
    (configuration.cpu, configuration.numaNode) = (1, 0)
    (configuration.listen, configuration.peer, configuration.lease) = ("a:1", "b:1", "c")
    (configuration.replicationKey, configuration.replicationCertificate) = ("k", "c")
    (configuration.replicationCertificateKey, configuration.replicationAuthority) = ("k", "a")
    configuration.replicationPeerName = "n"
    #expect(Set(Self.fields.map(\.key)) == (try Self.keys(configuration)))
  }

  @Test(arguments: fields)
  func aFieldHasTheDefaultOfTheTable(field: Field) throws {
    let folder = try ScratchFolder()
    let path = folder.path("service.json5")
    guard field.key != "folder" else { return }
    let text = "{folder: '/x', \(field.key): \(field.defaultText)}"
    try text.write(toFile: path, atomically: true, encoding: .utf8)
    #expect(try ServiceConfiguration.read(path: path) == ServiceConfiguration(folder: "/x"))
  }

  /// What the page says of each field is where `start` draws the line.
  @Test(arguments: fields)
  func aFieldHasTheRangeOfTheTable(field: Field) throws {
    let folder = try ScratchFolder()
    guard let bounds = field.bounds else { return }
    for value in [bounds.lowerBound, bounds.upperBound] {
      let configuration = try Self.configuration(value, field, folder)
      #expect(throws: Never.self, "\(value)") { try configuration.validate(messageBytesMax: 8) }
    }
    var outside = [bounds.lowerBound - 1, bounds.upperBound + 1]
    // A multiple of 4,096, or a power of two: this is neither.
    if field.key.hasSuffix("Bytes") { outside.append(bounds.lowerBound + 4_095) }
    for value in outside {
      do throws(ServiceError) {
        let configuration = try Self.configuration(value, field, folder)
        try EngineService<SumEngine>.start(engine: .init(), configuration: configuration).stop()
        Issue.record("\(value) was accepted")
      } catch {
        // Where it follows from the file alone the file is named too.
        switch error {
        case .configuration(field.key, _, _): break
        case .configurationFile(folder.path("service.json5"), let reason)
        where reason.hasPrefix("\(field.key) is "): break
        default: Issue.record("\(value): \(error)")
        }
      }
    }
    #expect(!FileManager.default.fileExists(atPath: folder.path("service")))
  }

  /// A file with this value of a field, and others that any value of it goes with.
  static func configuration(
    _ value: Int, _ field: Field, _ folder: ScratchFolder
  ) throws(ServiceError) -> ServiceConfiguration {
    let path = folder.path("service.json5")
    var values = [
      "folder": "'\(folder.path("service"))'", "journalBufferBytes": "4096",
      "journalSegmentBytes": "\(1 << 34)",
    ]
    values[field.key] = "\(value)"
    let text = values.map { "\($0): \($1)" }.joined(separator: ", ")
    _ = FileManager.default.createFile(atPath: path, contents: Data("{\(text)}".utf8))
    return try .read(path: path)
  }

  @Test func wordsAreThoseOfTheTable() {
    func words(_ key: String) -> Set<String> {
      let range = Self.fields.first { $0.key == key }?.range ?? ""
      return Set(range.matches(of: /"([a-zA-Z]+)"/).map { String($0.1) })
    }
    #expect(words("wait") == Set(ServiceConfiguration.Wait.allCases.map(\.rawValue)))
    #expect(words("release") == Set(ServiceConfiguration.Release.allCases.map(\.rawValue)))
  }

  /// Keys of `service.json`, files of the folder and counters, from a service that runs.
  @Test func whatAServiceLeavesIsOnThePage() throws {
    let folder = try ScratchFolder()
    let configuration = EngineServiceTests.configuration(folder)
    let service = try EngineService<SumEngine>.start(engine: .init(), configuration: configuration)
    let description = try ServiceDescription.read(service.folder)
    let keys = Set(Self.rows("`service.json`").map { Self.name($0[0]) })
    #expect(keys == (try Self.keys(description)))
    for name in try FileManager.default.contentsOfDirectory(atPath: configuration.folder) {
      #expect(Self.page.contains("| `\(name)"), "\(name)")
    }
    let counters = try CounterWatch.prometheusText(path: service.folder.counters)
    let names = Set(counters.matches(of: /# TYPE ([a-z_]+)/).map { String($0.1) })
    #expect(names == Set(Self.rows("Counters").map { Self.name($0[0]) }))
    for reason in counters.matches(of: /reason="([a-z_]+)"/) {
      #expect(Self.page.contains("`\(reason.1)`"), "\(reason.1)")
    }
    try service.stop()
  }

  @Test func aRingThatCannotHoldACommandIsRefused() throws {
    let folder = try ScratchFolder()
    var configuration = EngineServiceTests.configuration(folder)
    configuration.clientRingBytes = 2_048 * 2
    #expect(throws: Never.self) {
      try EngineService<SumEngine>.start(engine: .init(), configuration: configuration).stop()
    }
    do throws(ServiceError) {
      try EngineService<LongEngine>.start(engine: .init(), configuration: configuration).stop()
      Issue.record("accepted")
    } catch {
      #expect(error.description.contains("clientRingBytes"), "\(error)")
    }
  }
}

/// With attachments of which the least ring has no room for one.
private struct LongEngine: Engine {
  static var snapshotFormat: SnapshotFormat { SnapshotFormat(name: "long", version: 1) }
  static var attachmentByteCountMax: Int { 2_040 }
  let eventCountMax = 1
  private var sum: SumEngine

  init(configuration: SumEngine.Configuration) { sum = SumEngine(configuration: configuration) }

  init(
    configuration: SumEngine.Configuration, snapshot: inout SnapshotReader
  ) throws(SnapshotError) {
    sum = try SumEngine(configuration: configuration, snapshot: &snapshot)
  }

  mutating func apply(
    _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<UInt64>
  ) {
    sum.apply(command, attachment: attachment, at: time, sequence: sequence, into: &events)
  }

  var digest: UInt64 { sum.digest }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try sum.writeSnapshot(to: &writer)
  }
}
