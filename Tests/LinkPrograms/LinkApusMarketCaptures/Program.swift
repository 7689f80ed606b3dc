// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketCaptures

/// A capture that is not there.
@main
enum Program {
  static func main() {
    do throws(CaptureError) {
      print(try MoldUDP64Producer(PcapReader(path: "/nowhere")).statistics.packetCount)
    } catch {
      print(error)
    }
  }

  static func text(_ session: MoldUDP64.Session) -> String { session.description }
}
