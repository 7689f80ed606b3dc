// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine
import ApusReplication
import ApusReplicationTestKit
import Glibc

/// One side of a replica link in a process of its own: what the crash tests kill.
///
///     apus-replica primary FOLDER EPOCH
///     apus-replica standby FOLDER PORT
///
/// A primary prints its port, and then, for the last event that left, its two numbers. A standby
/// prints every new durable sequence. Both end by themselves after twenty seconds.
@main
enum Replica {
  static func main() {
    let arguments = CommandLine.arguments
    guard arguments.count == 4, let number = UInt64(arguments[3]) else { exit(2) }
    endAfter(seconds: 20)
    do {
      switch arguments[1] {
      case "primary": try lead(arguments[2], epoch: number)
      case "standby": try follow(arguments[2], port: UInt16(truncatingIfNeeded: number))
      default: exit(2)
      }
    } catch {
      say("failed: \(error)\n")
      exit(1)
    }
  }

  /// Ends the process even if nobody kills it. Whoever starts it may have blocked the signal.
  static func endAfter(seconds: UInt32) {
    var alone = sigset_t()
    // SAFETY: the set is there for all three calls.
    unsafe sigemptyset(&alone)
    unsafe sigaddset(&alone, SIGALRM)
    unsafe sigprocmask(SIG_UNBLOCK, &alone, nil)
    alarm(seconds)
  }

  static func lead(_ folder: String, epoch: UInt64) throws {
    var replica = try PrimaryReplica(folder, epoch: epoch)
    replica.keepsEvents = false
    say("\(replica.link.endpoint.port)\n")
    var said: UInt64 = 0
    var batch = 1
    while replica.link.failure == nil, !replica.host.hasFailed {
      batch = (batch * 7 + 3) % 41
      replica.submit(batch)
      let done = replica.step()
      // The acknowledgement leaves this process before anything else is done.
      if let last = replica.acknowledged.last, last.count > said {
        said = last.count
        say("\(last.count) \(last.value)\n")
      }
      if done == 0 { replica.link.wait(limitNanoseconds: 100_000) }
    }
    say(
      "ended: \(replica.host.failureDescription ?? "\(String(describing: replica.link.failure))")\n"
    )
  }

  static func follow(_ folder: String, port: UInt16) throws {
    var standby = try openStandby(
      folder, primary: ReplicationEndpoint(address: "127.0.0.1", port: port))
    var said: UInt64 = 0
    while standby.failure == nil {
      let done = standby.step(now: monotonicNow())
      if standby.durableSequence > said {
        said = standby.durableSequence
        say("\(said)\n")
      }
      if done == 0 { standby.wait(limitNanoseconds: 100_000) }
    }
    if let failure = standby.failure { throw failure }
  }

  static func say(_ text: String) {
    var bytes = Array(text.utf8)
    // SAFETY: the array has as many bytes as the call is told.
    _ = unsafe write(1, &bytes, bytes.count)
  }
}
