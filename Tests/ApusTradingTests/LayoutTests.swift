// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Testing

@testable import ApusTrading

/// The layouts that the memory and cache figures count on.
@Suite struct LayoutTests {
  @Test func ordersLevelsAndBooksAreSmall() {
    #expect(MemoryLayout<BookOrder>.stride == 32)
    #expect(MemoryLayout<PriceLevel>.stride == 24)
    #expect(MemoryLayout<OrderBooks.Book>.stride == 32)
    #expect(MemoryLayout<OrderBooks.Book>.offset(of: \.bids) == 0)
    #expect(MemoryLayout<OrderBooks.Book>.offset(of: \.asks) == 8)
    #expect(MemoryLayout<LadderEntry>.stride == 8)
    #expect(MemoryLayout<OrderReferenceTable.Entry>.stride == 8)
  }
}
