// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusJournal
internal import ApusServiceKit
internal import Foundation

/// The journals of one run, one at a time, in a place of their own.
final class BenchmarkFolder {
  /// Where it is.
  var path: String { place.path }
  private let place: BenchmarkPlace
  private var count = 0

  init() throws { place = try BenchmarkPlace(for: "host") }

  /// Folder of the journal that was made last.
  var journalPath: String { "\(path)/\(count)" }

  /// A new journal; the one before is removed.
  func makeJournal() throws -> JournalWriter {
    try? FileManager.default.removeItem(atPath: journalPath)
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
