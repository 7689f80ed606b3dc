// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusMarketProtocols

/// A message of no bytes.
@main
enum Program {
  static func main() {
    let bytes: [UInt8] = []
    print(unsafe ITCHDecoder.decode(bytes.span.bytes))
  }
}
