// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import PackageDescription

// Programs that link Apus the way a user's do: by products, from a package of their own.
let package = Package(
  name: "apus-examples",
  dependencies: [.package(name: "apus", path: "..")],
  targets: [
    .executableTarget(
      name: "ReplayBooks",
      dependencies: [
        .product(name: "ApusCapture", package: "apus"),
        .product(name: "ApusTrading", package: "apus"),
      ]),
    .executableTarget(
      name: "MatchOrders",
      dependencies: [.product(name: "ApusTrading", package: "apus")]),
    .executableTarget(
      name: "TwoThreads", dependencies: [.product(name: "ApusCore", package: "apus")]),
    // docs/embedding.md
    .executableTarget(
      name: "DurableMatching",
      dependencies: [
        .product(name: "ApusCore", package: "apus"),
        .product(name: "ApusTrading", package: "apus"),
      ]),
    // Drives `apus serve matching`.
    .executableTarget(
      name: "MatchingClient",
      dependencies: [
        .product(name: "ApusClient", package: "apus"),
        .product(name: "ApusTrading", package: "apus"),
      ]),
    // docs/adding-a-system.md
    .executableTarget(
      name: "SeatCommand",
      dependencies: [
        "Seats", .product(name: "ApusCommand", package: "apus"),
        .product(name: "ApusTradingSystem", package: "apus"),
      ]),
    // docs/adding-an-engine.md
    .target(name: "Seats", dependencies: [.product(name: "ApusEngine", package: "apus")]),
    .executableTarget(
      name: "SeatService",
      dependencies: ["Seats", .product(name: "ApusServiceKit", package: "apus")]),
    .executableTarget(
      name: "SeatClient",
      dependencies: ["Seats", .product(name: "ApusClient", package: "apus")]),
    .testTarget(
      name: "SeatsTests",
      dependencies: ["Seats", .product(name: "ApusTestKit", package: "apus")]),
  ]
)
