// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation

/// Recorded captures that lie beside a checkout and are not part of it.
public enum RecordedData {
  /// Path of a recorded file, or nil, with one clear line, where the folder is absent.
  public static func path(_ relativePath: String, callerPath: String = #filePath) -> String? {
    let root = URL(fileURLWithPath: callerPath).deletingLastPathComponent()
      .deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let path = root.appendingPathComponent("shared/data/\(relativePath)").path
    if FileManager.default.fileExists(atPath: path) { return path }
    print("skipped: no recorded data at ../shared/data/\(relativePath)")
    return nil
  }
}
