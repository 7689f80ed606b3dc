// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusReplicationNATS

/// A lease that is refused: it has no name.
@main
enum Program {
  static func main() {
    do throws(ReplicationError) {
      let configuration = NATSLeaseConfiguration(
        url: "", bucket: "", key: "", candidate: "", timeToLiveNanoseconds: 0)
      print(try NATSLease(configuration: configuration).status)
    } catch {
      print(error)
    }
  }
}
