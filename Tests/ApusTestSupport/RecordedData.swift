// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation

/// Recorded captures that lie beside a checkout and are not part of it.
///
/// A test that needs one says so with `.enabled(if: RecordedData.has(...), "...")`, so that the runner
/// counts it as skipped where the file is absent.
public enum RecordedData {
  /// Path of a recorded file, whether it is there or not.
  public static func path(_ relativePath: String) -> String {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
    return root.appendingPathComponent("shared/data/\(relativePath)").path
  }

  /// Whether a recorded file or folder is there.
  public static func has(_ relativePath: String) -> Bool {
    FileManager.default.fileExists(atPath: path(relativePath))
  }
}
