// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusJournal

/// Finds the last record that two journals have in common, by halves: checksums are chained, so equal
/// ones mean that everything before is equal.
struct JournalComparison: Equatable {
  /// Everything up to here is common, as far as is known.
  private(set) var low: UInt64
  /// From here on nothing is.
  private(set) var high: UInt64
  /// Whether the checksum at `low` was seen to be equal, rather than taken for it because the primary
  /// no longer has it.
  private(set) var isCertain: Bool
  let primaryLast: UInt64

  /// Compares records `first - 1` (the beginning of both) to `last` with those of a primary.
  init(first: UInt64, last: UInt64, primaryLast: UInt64) {
    low = first &- 1
    // The last is this side's own, and no sequence is the greatest number.
    high = max(low, min(last, primaryLast)).addingClamped(1)
    // Both journals have the same name, and the chain begins with it.
    isCertain = first == 1
    self.primaryLast = primaryLast
  }

  /// The record to ask for next; nil when the end is found.
  var question: UInt64? { high - low > 1 ? low + (high - low) / 2 : nil }

  /// Takes the answer for ``question``.
  mutating func take(own: UInt32, primary: UInt32?) {
    guard let question else { return }
    switch primary {
    case nil:
      // Records are removed from the front: what the primary no longer has lies before.
      low = question
      isCertain = false
    case own:
      low = question
      isCertain = true
    default: high = question
    }
  }

  /// The last common record; nil where it cannot be known.
  var lastCommon: UInt64? { isCertain ? low : nil }
}

extension ReplicationStandby where E: ~Copyable {
  mutating func beginComparison(primaryLast: UInt64, _ link: FrameLink, _ now: Nanoseconds) {
    guard let last = journal?.lastSequence else { return }
    let first: UInt64
    do throws(JournalError) {
      first = try JournalReader(storage: storage, mode: .live).lastRecord.sequence &+ 1
    } catch {
      return stop(.journal(error), now: now)
    }
    phase = .comparing
    comparison = JournalComparison(first: first, last: last, primaryLast: primaryLast)
    askNext(link, now)
  }

  mutating func compare(
    _ answer: Answer, _ header: FrameHeader, _ link: FrameLink, _ now: Nanoseconds
  ) {
    guard let question = comparison?.question, header.sequence == question else {
      return link.close(.fault(.unexpected))
    }
    do throws(JournalError) {
      let own = try JournalReader(storage: storage, from: question &+ 1, mode: .live)
        .lastRecord.checksum
      comparison?.take(own: own, primary: answer.checksum)
    } catch {
      return stop(.journal(error), now: now)
    }
    askNext(link, now)
  }

  /// Asks for the next checksum, or stops with what was found.
  private mutating func askNext(_ link: FrameLink, _ now: Nanoseconds) {
    guard let comparison else { return }
    if let question = comparison.question {
      link.send(.query, epoch: promisedEpoch, sequence: question, now: now)
      return
    }
    stop(
      .diverged(
        lastCommon: comparison.lastCommon, last: lastSequence,
        primaryLast: comparison.primaryLast), now: now)
  }
}
