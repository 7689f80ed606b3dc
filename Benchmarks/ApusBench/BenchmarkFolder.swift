// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import ApusJournal
internal import ApusServiceKit
internal import Foundation

/// A folder for one run's journals, removed with it, and by an interrupt.
final class BenchmarkFolder {
  /// Where it is.
  let path: String
  private var count = 0

  private let key: Leftovers.Key?

  init() {
    // Not /tmp, which may be memory and then measures no disk.
    let path = "/var/tmp/apus-host-\(UUID().uuidString)"
    key = Leftovers.make(removal: { BenchmarkPlace.remove(path) }) { true }
    self.path = path
  }

  deinit {
    guard let key else { return }
    Leftovers.finish(key) { try? FileManager.default.removeItem(atPath: path) }
  }

  /// Folder of the journal that was made last.
  var journalPath: String { "\(path)/\(count)" }

  /// A new journal; the one before is removed.
  func makeJournal() throws -> JournalWriter {
    try? FileManager.default.removeItem(atPath: path)
    try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
    count += 1
    do throws(JournalError) {
      return try JournalWriter(
        storage: FileJournalStorage(path: journalPath),
        configuration: JournalConfiguration(
          segmentByteCount: 64 << 20, bufferByteCount: 1 << 20))
    } catch {
      throw WorkError(error.description)
    }
  }
}
