// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTLS

/// A context that is refused: its server proves nothing.
@main
enum Program {
  static func main() {
    do throws(TLSError) {
      let context = try TLSContext(TLSConfiguration(role: .server, credential: .none))
      print(try TLSSession(context).isEstablished)
    } catch {
      print(error)
    }
  }
}
