// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Foundation

/// Reads a configuration's file, and says what is wrong with it in one line.
enum ConfigurationFile {
  /// The bytes of a file.
  static func read(_ path: String) throws(ServiceError) -> Data {
    do {
      return try Data(contentsOf: URL(fileURLWithPath: path))
    } catch {
      throw .configurationFile(path: path, reason: unreadable(path, error))
    }
  }

  private static func unreadable(_ path: String, _ error: any Error) -> String {
    let attributes = try? FileManager.default.attributesOfItem(atPath: path)
    if attributes?[.type] as? FileAttributeType == .typeDirectory {
      return "is a folder, expected a JSON5 file with the service's configuration"
    }
    switch (error as? CocoaError)?.code {
    case .fileReadNoSuchFile: return "no such file; check the path, or leave the option out"
    case .fileReadNoPermission: return "may not be read; check its owner and mode"
    default: return error.localizedDescription
    }
  }

  /// What a decoder had against a file's bytes.
  static func reason(_ error: any Error, _ bytes: Data) -> String {
    guard let error = error as? DecodingError else { return error.localizedDescription }
    switch error {
    case .typeMismatch(_, let context), .valueNotFound(_, let context),
      .keyNotFound(_, let context):
      return field(context) + context.debugDescription
    case .dataCorrupted(let context):
      return syntax(bytes) ?? (field(context) + context.debugDescription)
    @unknown default: return "\(error)"
    }
  }

  private static func field(_ context: DecodingError.Context) -> String {
    let field = context.codingPath.map(\.stringValue).joined(separator: ".")
    return field.isEmpty ? "" : "\(field): "
  }

  /// Where the bytes are no JSON5; nil where they are.
  private static func syntax(_ bytes: Data) -> String? {
    guard let text = String(data: bytes, encoding: .utf8) else { return "is not UTF-8" }
    return ConfigurationSyntax.problem(in: text).map {
      "line \($0.line), column \($0.column): expected \($0.expected)"
    }
  }

  /// The word that differs least, where that is little.
  static func nearest(to word: String, among known: [String]) -> String? {
    let near = known.map { (word: $0, distance: distance(word.lowercased(), $0.lowercased())) }
    guard let best = near.min(by: { $0.distance < $1.distance }) else { return nil }
    return best.distance <= max(1, best.word.count / 3) ? best.word : nil
  }

  /// Characters to be inserted, removed or changed to make one of the other.
  private static func distance(_ one: String, _ other: String) -> Int {
    let (one, other) = (Array(one.prefix(100)), Array(other))
    var row = Array(0...other.count)
    for (index, character) in one.enumerated() {
      var diagonal = row[0]
      row[0] = index + 1
      for column in other.indices {
        let changed = diagonal + (character == other[column] ? 0 : 1)
        diagonal = row[column + 1]
        row[column + 1] = min(changed, row[column] + 1, diagonal + 1)
      }
    }
    return row[other.count]
  }
}
