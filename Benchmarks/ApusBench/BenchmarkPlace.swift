// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusCommandKit
internal import Foundation

/// A folder on the disk that is removed with its owner, and by an interrupt: a benchmark is stopped by
/// hand more often than not, and may have written gigabytes. (Tests have `ScratchFolder`, which knows
/// of no interrupts.)
public final class BenchmarkPlace {
  /// Where it is.
  public let path: String
  private let key: Leftovers.Key

  /// Makes the folder; its name begins with what it is for.
  ///
  /// - Throws: `WorkError`.
  public init(for purpose: String) throws {
    // Not /tmp, which may be memory and then measures no disk.
    let path = "/var/tmp/apus-\(purpose)-\(UUID().uuidString)"
    var failure: (any Error)?
    let key = Leftovers.make(removal: { BenchmarkPlace.remove(path) }) {
      do {
        try FileManager.default.createDirectory(
          atPath: path, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        return true
      } catch {
        failure = error
        return false
      }
    }
    guard let key else {
      throw WorkError("\(path): \(failure?.localizedDescription ?? "interrupted")")
    }
    self.path = path
    self.key = key
  }

  /// Removes a folder in which another thread may still make files: it is tried again, and once the
  /// folder is gone nothing can be made in it.
  public static func remove(_ path: String) {
    for _ in 0..<100 where FileManager.default.fileExists(atPath: path) {
      try? FileManager.default.removeItem(atPath: path)
    }
  }

  deinit {
    Leftovers.finish(key) { try? FileManager.default.removeItem(atPath: path) }
  }
}
