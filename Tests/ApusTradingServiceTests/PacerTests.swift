// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Testing

@testable import ApusTradingService

@Suite struct PacerTests {
  @Test func noTimeIsTooLateToBeComputed() {
    func due(_ started: UInt64, _ distance: UInt64, _ factor: Double, _ rate: Double) -> UInt64 {
      Pacer.due(
        started: started, distanceNanoseconds: distance, factor: factor, cyclesPerNanosecond: rate)
    }
    #expect(due(100, 1_000, 2, 3) == 1_600)
    #expect(due(100, 0, 0.001, 3) == 100)
    for distance in [1 << 48, 1 << 63, .max] as [UInt64] {
      for factor in [1e-300, 0.001, 1, 1e6] {
        for started in [0, 1 << 60, .max] as [UInt64] {
          #expect(due(started, distance, factor, 5) >= started)
        }
      }
    }
    #expect(due(5, .max, 0.001, 5) == .max && due(.max, 10, 1, 1) == .max)
  }

  @Test func speedsHaveARange() {
    #expect(ReplaySpeed("max") == .max && ReplaySpeed("10x") == .paced(factor: 10))
    #expect(ReplaySpeed("0.001x") != nil && ReplaySpeed("1000000x") != nil)
    for text in ["0.0009x", "1000001x", "1e3x", "+1x", "-1x", "nanx", "infx", "0x1x", "x", "", "."]
    {
      #expect(ReplaySpeed(text) == nil, "\(text)")
    }
  }
}
