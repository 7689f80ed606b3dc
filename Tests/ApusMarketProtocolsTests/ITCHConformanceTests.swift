// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTestSupport
import Foundation
import Testing

@testable import ApusMarketProtocols

/// The document against the code: which bytes change which field is found out by changing them.
@Suite struct ITCHConformanceTests {
  struct Field: Equatable {
    var offset: Int
    var byteCount: Int
    var name: String
  }

  struct Section {
    var letter: Character
    var typeName: String
    var byteCount: Int
    var fields: [Field] = []
  }

  /// The sections of docs/formats/itch50.md, and the fields that all messages begin with.
  private func document() throws -> (header: [Field], sections: [Section]) {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let text = try String(
      contentsOf: root.appendingPathComponent("docs/formats/itch50.md"), encoding: .utf8)
    var header: [Field] = []
    var sections: [Section] = []
    for line in text.split(separator: "\n") {
      if let match = line.wholeMatch(of: /### `(.)` (\w+), (\d+) bytes/) {
        sections.append(
          Section(
            letter: Character(String(match.1)), typeName: String(match.2),
            byteCount: Int(match.3) ?? 0))
      } else if let match = line.prefixMatch(of: /\| (\d+) \| (\d+) \| (\w+) \|/) {
        let field = Field(
          offset: Int(match.1) ?? 0, byteCount: Int(match.2) ?? 0, name: String(match.3))
        if sections.isEmpty {
          header.append(field)
        } else {
          sections[sections.count - 1].fields.append(field)
        }
      }
    }
    return (header, sections)
  }

  @Test func theDocumentIsTheSpecification() throws {
    let (header, sections) = try document()
    #expect(header.map(\.offset) == [0, 1, 3, 5] && header.map(\.byteCount) == [1, 2, 2, 6])
    #expect(
      Set(sections.map(\.letter)) == Set(ITCHSpecification.types.map(\.letter))
        && sections.count == 23)
    for section in sections {
      let type = try #require(
        ITCHSpecification.types.first { $0.letter == section.letter })
      #expect(section.byteCount == type.byteCount, "\(section.letter)")
      #expect(section.fields.map(\.byteCount) == type.fieldByteCounts, "\(section.letter)")
      var offset = 11
      for field in section.fields {
        #expect(field.offset == offset, "\(section.letter).\(field.name)")
        offset += field.byteCount
      }
      #expect(offset == section.byteCount)
    }
  }

  /// A field as its bits, the header as its fields.
  private func text(_ value: Any) -> String {
    guard let field = value as? any ITCHField else { return String(reflecting: value) }
    return "\(field.itchBits)"
  }

  /// The values of a body by the names of its fields.
  private func values(_ bytes: [UInt8]) throws -> (typeName: String, fields: [String: String]) {
    let body = body(try #require(message(bytes)))
    let fields = Mirror(reflecting: body).children.map { child in
      (child.label ?? "", text(child.value))
    }
    return (String(describing: type(of: body)), Dictionary(uniqueKeysWithValues: fields))
  }

  @Test func everyByteBelongsToTheFieldThatTheDocumentSays() throws {
    var random = SeededRandom(seed: 11)
    for section in try document().sections {
      let type = try #require(ITCHSpecification.types.first { $0.letter == section.letter })
      let bytes = ITCHSpecification.randomBytes(type, &random)
      let (typeName, original) = try values(bytes)
      #expect(typeName == section.typeName)
      #expect(Set(original.keys) == Set(section.fields.map(\.name) + ["header"]))
      for field in [Field(offset: 1, byteCount: 10, name: "header")] + section.fields {
        for offset in field.offset..<field.offset + field.byteCount {
          var changed = bytes
          changed[offset] = offset == type.sideOffset ? bytes[offset] ^ 0x11 : ~bytes[offset]
          let found = try values(changed).fields
          let different = Set(found.keys.filter { found[$0] != original[$0] })
          #expect(different == [field.name], "\(section.letter), byte \(offset)")
        }
      }
    }
  }

  /// Integers are big-endian: the last byte of a field is worth one.
  @Test func integersAreBigEndian() throws {
    let text: Set<String> = ["symbol", "mpid", "attribution", "reason", "issueSubType"]
    for section in try document().sections {
      let type = try #require(ITCHSpecification.types.first { $0.letter == section.letter })
      for field in section.fields where !text.contains(field.name) {
        var bytes = [type.code] + [UInt8](repeating: 0, count: type.byteCount - 1)
        if let offset = type.sideOffset { bytes[offset] = 0x42 }
        if field.offset == type.sideOffset { continue }
        bytes[field.offset + field.byteCount - 1] = 1
        if field.byteCount > 1 { bytes[field.offset] = 2 }
        let expected = field.byteCount > 1 ? (2 as UInt64) << (8 * (field.byteCount - 1)) | 1 : 1
        let name = "\(section.letter).\(field.name)"
        #expect(try values(bytes).fields[field.name] == String(expected), "\(name)")
      }
    }
  }
}
