// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusThreads
import Testing

@Suite struct WaitLimitTests {
  /// A limit makes a wait shorter and never longer, and changes nothing else of it.
  @Test(arguments: [nil, 5, 20] as [UInt64?])
  func theShorterLimitHolds(own: UInt64?) {
    for strategy in [
      WaitStrategy.spin(timeoutNanoseconds: own),
      .spinThenYield(spinCount: 7, timeoutNanoseconds: own),
      .park(spinCount: 7, timeoutNanoseconds: own),
    ] {
      let limited = strategy.limited(byNanoseconds: 10)
      #expect(limited.timeoutNanoseconds == (own == 5 ? 5 : 10))
      #expect(limited == strategy.limited(toNanoseconds: limited.timeoutNanoseconds))
    }
  }
}
