// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusJournal
import ApusTestSupport
import Glibc

/// Appends to a journal for as long as it lives, and prints each sequence it may acknowledge: the
/// program that the crash tests kill.
///
///     apus-journal-appender FOLDER SEED METHOD
///
/// `METHOD` is `ring` or `plain`. Standard output: what was recovered, then every new durable
/// sequence, one a line. It ends by itself after ten seconds.
@main
enum Appender {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let seed = UInt64(arguments[2]) else { exit(2) }
    // Whoever starts it may have blocked the signal.
    var alone = sigset_t()
    // SAFETY: the set is there for all three calls.
    unsafe sigemptyset(&alone)
    unsafe sigaddset(&alone, SIGALRM)
    unsafe sigprocmask(SIG_UNBLOCK, &alone, nil)
    alarm(10)
    do throws(JournalError) {
      try append(folder: arguments[1], seed: seed, usesIOUring: arguments[3] == "ring")
    } catch {
      say("failed: \(error)\n")
      exit(1)
    }
  }

  static func append(folder: String, seed: UInt64, usesIOUring: Bool) throws(JournalError) {
    let storage = try FileJournalStorage(
      path: folder, options: .init(usesIOUring: usesIOUring, usesDirectIO: seed % 2 == 0))
    var writer = try JournalWriter(
      storage: storage,
      configuration: JournalConfiguration(
        segmentByteCount: 65_536, bufferByteCount: 16_384,
        preallocation: seed % 3 == 0 ? .allocate : .zeroFill))
    var acknowledged = writer.durableSequence
    say("\(acknowledged)\n")
    var random = SeededRandom(seed: seed)
    while true {
      for _ in 0..<Int(random.next() % 40) {
        let sequence = writer.lastSequence + 1
        let payload = SampleRecord.payload(sequence)
        let outcome = unsafe writer.tryAppend(
          sequence: sequence, timeNanoseconds: SampleRecord.time(sequence),
          type: SampleRecord.type(sequence), payload: payload.span.bytes)
        guard case .appended = outcome else { break }
      }
      writer.poll()
      if let failure = writer.failure { throw failure }
      // The acknowledgement leaves this process before anything else is done.
      if writer.durableSequence > acknowledged {
        acknowledged = writer.durableSequence
        say("\(acknowledged)\n")
      }
      if random.next() % 50 == 0, acknowledged > 400 {
        try writer.removeSegments(below: acknowledged - 300, segmentCountMin: 2)
      }
    }
  }

  static func say(_ text: String) {
    var bytes = Array(text.utf8)
    // SAFETY: the array has as many bytes as the call is told.
    _ = unsafe write(1, &bytes, bytes.count)
  }
}
