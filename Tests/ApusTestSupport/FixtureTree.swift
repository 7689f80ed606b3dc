// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import Foundation

/// A temporary folder that looks like part of `/sys` or `/proc`; removed when it ends.
public final class FixtureTree: Sendable {
  /// Path of the folder.
  public let root = FileManager.default.temporaryDirectory
    .appendingPathComponent("apus-fixture-\(UUID().uuidString)").path

  /// A folder with these files: texts by their path in it.
  public init(_ files: [String: String] = [:]) throws {
    try FileManager.default.createDirectory(
      atPath: root, withIntermediateDirectories: true)
    for (path, text) in files { try write(path, Data(text.utf8)) }
  }

  /// Writes a file and the folders that it lies in.
  public func write(_ path: String, _ contents: Data) throws {
    let url = URL(fileURLWithPath: "\(root)/\(path)")
    try FileManager.default.createDirectory(
      at: url.deletingLastPathComponent(), withIntermediateDirectories: true)
    try contents.write(to: url)
  }

  deinit { try? FileManager.default.removeItem(atPath: root) }
}
