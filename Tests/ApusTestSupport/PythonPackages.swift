// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation

/// The Python interpreter with the reference packages that `scripts/bootstrap` installs.
public enum PythonPackages {
  /// Path of one of our Python programs in `scripts/`.
  public static func script(_ name: String) -> String {
    root.appendingPathComponent("scripts/\(name)").path
  }

  private static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  /// `APUS_PYTHON`, else that of `.venv`.
  public static var path: String {
    let chosen = ProcessInfo.processInfo.environment["APUS_PYTHON"] ?? ""
    return chosen.isEmpty ? root.appendingPathComponent(".venv/bin/python").path : chosen
  }

  /// Whether hdrhistogram can be imported.
  public static let hasHistograms = canImport("hdrh.histogram")

  /// Whether prometheus_client can be imported.
  public static let hasPrometheus = canImport("prometheus_client.parser")

  private static func canImport(_ module: String) -> Bool {
    guard FileManager.default.isExecutableFile(atPath: path) else { return false }
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-c", "import \(module)"]
    process.standardError = FileHandle.nullDevice
    guard (try? process.run()) != nil else { return false }
    process.waitUntilExit()
    return process.terminationStatus == 0
  }
}
