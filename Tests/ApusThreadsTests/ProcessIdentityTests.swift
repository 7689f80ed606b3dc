// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Testing

@testable import ApusThreads

/// Whether a process is told from a later one with its number.
@Suite struct ProcessIdentityTests {
  @Test func thisProcessIsAlive() {
    let own = ProcessIdentity.current()
    #expect(own.processID == UInt64(getpid()) && own.startTicks > 0)
    #expect(own.state() == .alive)
    let word = ProcessIdentity.Word.current()
    #expect(word.processID == getpid() && word.rawValue != 0)
    #expect(word.state() == .alive)
    #expect(UInt32(truncatingIfNeeded: own.startTicks) == UInt32(word.rawValue >> 32))
  }

  @Test func aNumberUsedAgainIsNoLife() {
    var other = ProcessIdentity.current()
    other.startTicks &-= 1
    #expect(other.state() == .dead)
    let word = ProcessIdentity.Word(rawValue: ProcessIdentity.Word.current().rawValue ^ 1 << 32)
    #expect(word.state() == .dead)
  }

  /// One that ended is dead, before and after it is waited for.
  @Test func aProcessThatEndedIsDead() throws {
    var process = pid_t()
    var arguments: [UnsafeMutablePointer<CChar>?] = unsafe [strdup("/bin/true"), nil]
    defer { unsafe free(arguments[0]) }
    let spawned = unsafe posix_spawn(&process, "/bin/true", nil, nil, &arguments, nil)
    try #require(spawned == 0)
    var information = unsafe siginfo_t()
    // Waits for its end and leaves it to be waited for.
    let ended = unsafe waitid(P_PID, id_t(process), &information, WEXITED | WNOWAIT)
    #expect(ended == 0)
    let statistics = try #require(ProcessStatistics.read("\(process)"))
    let word = ProcessIdentity.Word(
      rawValue: UInt64(UInt32(truncatingIfNeeded: statistics.startTicks)) << 32 | UInt64(process))
    var identity = ProcessIdentity.current()
    identity.processID = UInt64(process)
    identity.startTicks = statistics.startTicks
    #expect(statistics.isEnded && word.state() == .dead && identity.state() == .dead)
    let waited = waitpid(process, nil, 0)
    #expect(waited == process)
    #expect(word.state() == .dead && identity.state() == .dead)
  }

  @Test(arguments: [0, 1 << 32, 1 << 31, UInt64.max])
  func aNumberThatIsNoneIsDead(number: UInt64) {
    var identity = ProcessIdentity.current()
    identity.processID = number
    #expect(identity.state() == .dead)
    #expect(ProcessIdentity.Word(rawValue: number).state() == .dead)
  }

  @Test func anotherStartOfTheHostIsDeathAndAnotherNamespaceIsNotKnown() {
    var identity = ProcessIdentity.current()
    identity.bootIDLow ^= 1
    #expect(identity.state() == .dead)
    identity = ProcessIdentity.current()
    identity.namespace ^= 1
    #expect(identity.state() == .unknown)
    identity.namespace = 0
    #expect(identity.state() == .unknown)
  }

  @Test func statisticsOfProcessesWithOddNames() {
    let rest = (4...25).map(String.init).joined(separator: " ")
    let odd = ProcessStatistics("12 (a) Z (b) S " + rest)
    #expect(odd?.startTicks == 22 && odd?.isEnded == false)
    #expect(ProcessStatistics("12 (a) Z " + rest)?.isEnded == true)
    for text in ["", "12", "12 (a", "12 (a) S 4 5", "12 (a) S " + rest.replacing("22", with: "x")] {
      #expect(ProcessStatistics(text) == nil)
    }
  }
}
