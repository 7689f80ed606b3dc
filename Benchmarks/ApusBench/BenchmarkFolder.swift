// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusJournal
internal import ApusCommandKit
internal import Foundation

/// The journals of one run, one at a time, in a place of their own.
public final class BenchmarkFolder {
  /// Where it is.
  public var path: String { place.path }
  private let place: BenchmarkPlace
  private var count = 0

  /// Makes a place, with no journal in it.
  public init() throws { place = try BenchmarkPlace(for: "host") }

  /// Folder of the journal that was made last.
  public var journalPath: String { "\(path)/\(count)" }

  /// A new journal; the one before is removed.
  ///
  /// - Throws: `WorkError`.
  public func makeJournal() throws -> JournalWriter {
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
