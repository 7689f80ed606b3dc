// swift-tools-version: 6.2
// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import PackageDescription

// Strict memory safety marks every use of an unsafe construct with `unsafe`; internal imports by
// default keep C modules out of the public surface. Neither needs unsafeFlags, so that other
// packages can depend on this one.
let settings: [SwiftSetting] = [
  .strictMemorySafety(),
  .enableUpcomingFeature("InternalImportsByDefault"),
  .enableUpcomingFeature("ExistentialAny"),
]

/// A thin shim over C libraries, mostly one, or over the kernel where none is named.
func shim(_ name: String, library: String...) -> Target {
  .target(
    name: name,
    path: "CModules/\(name)",
    linkerSettings: library.map { .linkedLibrary($0) }
  )
}

func module(_ name: String, _ dependencies: [Target.Dependency] = []) -> Target {
  .target(name: name, dependencies: dependencies, swiftSettings: settings)
}

func benchmarks(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .target(
    name: name, dependencies: dependencies, path: "Benchmarks/\(name)", swiftSettings: settings)
}

func tests(_ name: String, _ dependencies: [Target.Dependency]) -> Target {
  .testTarget(
    name: "\(name)Tests",
    dependencies: dependencies + ["ApusTestSupport"],
    swiftSettings: settings
  )
}

/// The smallest program of a product: it imports the product alone, and a test reads which libraries it
/// needs.
func linkProgram(_ product: String) -> Target {
  .executableTarget(
    name: "Link\(product)",
    dependencies: [.target(name: product)],
    path: "Tests/LinkPrograms/Link\(product)",
    swiftSettings: settings
  )
}

let linkedProducts = [
  "ApusEngine", "ApusHost", "ApusJournal", "ApusIO", "ApusEventLog", "ApusClient", "ApusCore",
  "ApusReplication", "ApusReplicationNATS", "ApusCapture", "ApusMarketProtocols",
  "ApusMarketCaptures", "ApusTrading", "ApusCommandKit", "ApusReport", "ApusServiceKit",
  "ApusTradingService", "ApusBench", "ApusCommand", "ApusTradingSystem", "ApusTLS",
]

let package = Package(
  name: "apus",
  products: [
    .library(name: "ApusEngine", targets: ["ApusEngine"]),
    .library(name: "ApusHost", targets: ["ApusHost"]),
    .library(name: "ApusCore", targets: ["ApusCore"]),
    .library(name: "ApusJournal", targets: ["ApusJournal"]),
    .library(name: "ApusIO", targets: ["ApusIO"]),
    .library(name: "ApusEventLog", targets: ["ApusEventLog"]),
    .library(name: "ApusClient", targets: ["ApusClient"]),
    .library(name: "ApusReplication", targets: ["ApusReplication"]),
    .library(name: "ApusReplicationNATS", targets: ["ApusReplicationNATS"]),
    .library(name: "ApusTLS", targets: ["ApusTLS"]),
    .library(name: "ApusTestKit", targets: ["ApusTestKit"]),
    .library(name: "ApusCapture", targets: ["ApusCapture"]),
    .library(name: "ApusMarketProtocols", targets: ["ApusMarketProtocols"]),
    .library(name: "ApusMarketCaptures", targets: ["ApusMarketCaptures"]),
    .library(name: "ApusTrading", targets: ["ApusTrading"]),
    .library(name: "ApusCommandKit", targets: ["ApusCommandKit"]),
    .library(name: "ApusReport", targets: ["ApusReport"]),
    .library(name: "ApusServiceKit", targets: ["ApusServiceKit"]),
    .library(name: "ApusTradingService", targets: ["ApusTradingService"]),
    .library(name: "ApusBench", targets: ["ApusBench"]),
    // The command, for a list of systems: with one of your own it is yours.
    .library(name: "ApusCommand", targets: ["ApusCommand"]),
    .library(name: "ApusTradingSystem", targets: ["ApusTradingSystem"]),
    // For programs in C and C++; `make install` installs it as libapus.so.
    .library(name: "ApusC", type: .dynamic, targets: ["ApusC"]),
    .executable(name: "apus", targets: ["apus"]),
  ],
  targets: [
    // C
    shim("CApusPlatform"),
    shim("CApusNUMA", library: "numa"),
    shim("CApusZlib", library: "z"),
    shim("CApusISAL", library: "isal"),
    shim("CApusPcap", library: "pcap"),
    shim("CApusUring", library: "uring"),
    shim("CApusIO", library: "uring"),
    shim("CApusChecksum"),
    shim("CApusOptions"),
    shim("CApusRings"),
    shim("CApusNATS", library: "nats"),
    shim("CApusTLS", library: "ssl", "crypto"),
    shim("CApusAllocationCount"),
    shim("CApusCounters"),
    // What programs in C see of Apus: the header that `ApusC` implements.
    shim("CApus"),

    // Core, in import order
    // What generators, benchmarks and tests share; it depends on nothing, so that any of them may.
    module("ApusTestBasics"),
    module("ApusMemory", ["CApusPlatform", "CApusNUMA"]),
    module("ApusThreads", ["ApusMemory", "CApusPlatform", "CApusNUMA"]),
    module("ApusRings", ["ApusMemory", "ApusThreads", "CApusPlatform", "CApusRings"]),
    module("ApusMetrics", ["ApusThreads", "CApusZlib", "CApusCounters"]),
    // All that an engine needs; what runs one is the host's.
    module("ApusEngine", ["ApusMemory"]),
    // Beside the contract, so that who reads events links no host.
    module("ApusEventLog", ["ApusThreads", "ApusEngine", "CApusChecksum"]),
    module("ApusClient", ["ApusThreads", "ApusRings", "ApusEngine", "ApusEventLog"]),
    module(
      "ApusHost",
      ["ApusMemory", "ApusThreads", "ApusRings", "ApusMetrics", "ApusEngine", "ApusEventLog"]),
    module(
      "ApusJournal",
      [
        "ApusMemory", "ApusThreads", "ApusMetrics", "ApusEngine", "ApusHost", "CApusUring",
        "CApusChecksum",
      ]),
    // One thread's sockets, timers and files.
    module("ApusIO", ["ApusMemory", "ApusEngine", "CApusIO"]),
    module(
      "ApusReplication",
      [
        "ApusMemory", "ApusThreads", "ApusEngine", "ApusEventLog", "ApusHost", "ApusJournal",
        "ApusIO", "ApusTLS",
      ]),
    // Beside the core, which links no OpenSSL
    module("ApusTLS", ["CApusTLS"]),
    // For our tests and our users': no test library in it
    module(
      "ApusTestKit",
      [
        "ApusTestBasics", "ApusMemory", "ApusRings", "ApusEngine", "ApusHost", "ApusJournal",
        "ApusIO",
      ]),
    module("ApusCapture", ["ApusMemory", "ApusThreads", "CApusZlib", "CApusISAL", "CApusPcap"]),
    module(
      "ApusCore",
      [
        "ApusMemory", "ApusThreads", "ApusRings", "ApusMetrics", "ApusEngine", "ApusHost",
        "ApusJournal", "ApusEventLog",
      ]),

    // Stores: nothing in the core needs the libraries of their servers
    module("ApusReplicationNATS", ["ApusReplication", "ApusEngine", "CApusNATS"]),

    // Wire: bytes and values; captures of them apart, since those need libraries
    module("ApusMarketProtocols", ["ApusMemory"]),
    module("ApusMarketCaptures", ["ApusMemory", "ApusCapture", "ApusMarketProtocols"]),

    // Engines
    module("ApusTrading", ["ApusMemory", "ApusEngine", "ApusMarketProtocols", "CApusPlatform"]),

    // Engines, for programs in other languages
    module("ApusC", ["ApusEngine", "ApusMarketProtocols", "ApusTrading", "ApusClient", "CApus"]),

    // Service kit: what every system would write again
    module("ApusCommandKit", ["ApusCapture", "CApusOptions"]),
    module("ApusReport"),
    module(
      "ApusServiceKit",
      ["ApusCore", "ApusEventLog", "ApusClient", "ApusIO", "ApusReplication", "ApusTLS"]),

    // Services: no words of a command line
    module(
      "ApusTradingService",
      [
        "ApusCore", "ApusReplication", "ApusCapture", "ApusMarketProtocols", "ApusMarketCaptures",
        "ApusTrading", "ApusReport", "ApusServiceKit", "ApusTestBasics",
      ]
    ),

    // Benchmarks: the harness knows no engine, the suites stand with what they measure
    benchmarks("ApusBench", ["ApusCore", "ApusCapture", "ApusCommandKit", "CApusAllocationCount"]),
    benchmarks(
      "ApusCoreBench",
      [
        "ApusBench", "ApusCommandKit", "ApusCore", "ApusIO", "ApusClient", "ApusReplication",
        "ApusTLS", "ApusTestBasics", "CApusIOLoad",
      ]),
    // The other end of the event loop's benchmarks.
    .target(name: "CApusIOLoad", path: "Benchmarks/CApusIOLoad"),
    benchmarks(
      "ApusTradingBench",
      [
        "ApusBench", "ApusCommandKit", "ApusCore", "ApusClient", "ApusCapture",
        "ApusMarketProtocols", "ApusTrading", "ApusTradingService", "ApusServiceKit",
        "ApusTestBasics",
      ]),

    // The command, and the value that each system offers it
    module(
      "ApusCommand",
      [
        "ApusCommandKit", "ApusReport", "ApusBench", "ApusCore", "ApusIO", "ApusReplication",
        "ApusReplicationNATS", "ApusCapture", "ApusServiceKit",
      ]),
    module("ApusCoreSystem", ["ApusCommand", "ApusCoreBench"]),
    module(
      "ApusTradingSystem",
      [
        "ApusCommand", "ApusCommandKit", "ApusCapture", "ApusTrading", "ApusTradingService",
        "ApusTradingBench", "ApusServiceKit", "ApusCore", "ApusReplication",
      ]),
    .executableTarget(
      name: "apus", dependencies: ["ApusCommand", "ApusCoreSystem", "ApusTradingSystem"],
      swiftSettings: settings),

    // Tests
    .target(
      name: "ApusTestSupport",
      dependencies: ["ApusTestBasics", "CApusAllocationCount"],
      path: "Tests/ApusTestSupport",
      swiftSettings: settings
    ),
    tests("ApusTestBasics", ["ApusTestBasics"]),
    tests("ApusTestKit", ["ApusTestKit", "ApusEngine", "ApusIO"]),
    tests("ApusMemory", ["ApusMemory"]),
    tests("ApusThreads", ["ApusThreads", "CApusPlatform"]),
    // The other process of rings in files: a test kills it.
    .executableTarget(
      name: "ApusRingsPeer",
      dependencies: ["ApusRings", "ApusThreads", "ApusTestSupport"],
      path: "Tests/ApusRingsPeer",
      swiftSettings: settings
    ),
    tests(
      "ApusRings", ["ApusRings", "ApusMemory", "ApusThreads", "CApusRings", "ApusRingsPeer"]),
    tests("ApusMetrics", ["ApusMetrics", "ApusThreads", "CApusCounters"]),
    tests("ApusEngine", ["ApusEngine"]),
    tests(
      "ApusHost",
      [
        "ApusHost", "ApusEngine", "ApusJournal", "ApusMemory", "ApusThreads", "ApusRings",
        "ApusMetrics", "ApusTestKit",
      ]),
    .executableTarget(
      name: "apus-journal-appender",
      dependencies: ["ApusJournal", "ApusTestSupport"],
      path: "Tests/ApusJournalAppender",
      swiftSettings: settings
    ),
    // Syncs and submissions that fail when a test wants it.
    .target(
      name: "CApusSystemFaults", path: "Tests/CApusSystemFaults",
      linkerSettings: [.linkedLibrary("uring")]),
    tests(
      "ApusJournal",
      [
        "ApusJournal", "ApusMemory", "ApusTestKit", "CApusChecksum", "CApusSystemFaults",
        "apus-journal-appender",
      ]),
    // Writes or follows an event log until a test kills it.
    .executableTarget(
      name: "apus-event-log-peer",
      dependencies: ["ApusEventLog", "ApusEngine", "ApusHost", "ApusThreads", "ApusTestSupport"],
      path: "Tests/ApusEventLogPeer",
      swiftSettings: settings
    ),
    tests(
      "ApusEventLog",
      [
        "ApusEventLog", "ApusEngine", "ApusHost", "ApusThreads", "CApusSystemFaults",
        "apus-event-log-peer",
      ]),
    .target(
      name: "ApusReplicationTestKit",
      dependencies: [
        "ApusReplication", "ApusJournal", "ApusHost", "ApusEngine", "ApusIO", "ApusTestKit",
      ],
      path: "Tests/ApusReplicationTestKit",
      swiftSettings: settings
    ),
    .executableTarget(
      name: "apus-replica",
      dependencies: [
        "ApusReplicationTestKit", "ApusReplication", "ApusJournal", "ApusHost", "ApusEngine",
      ],
      path: "Tests/ApusReplicaProcess",
      swiftSettings: settings
    ),
    tests(
      "ApusReplication",
      [
        "ApusReplication", "ApusReplicationTestKit", "ApusJournal", "ApusHost", "ApusEngine",
        "ApusMemory", "ApusTrading", "ApusTradingService", "ApusTestKit", "ApusIO", "ApusTLS",
        "apus-replica",
      ]),
    tests("ApusTLS", ["ApusTLS"]),
    // A process whose descriptors a test uses up or counts.
    .executableTarget(
      name: "apus-io-peer", dependencies: ["ApusIO", "ApusEngine", "ApusTestSupport"],
      path: "Tests/ApusIOPeer", swiftSettings: settings),
    // A seccomp filter that denies io_uring to one thread.
    .target(name: "CApusDenial", path: "Tests/CApusDenial"),
    tests("ApusIO", ["ApusIO", "ApusEngine", "ApusThreads", "CApusDenial", "apus-io-peer"]),
    tests("ApusReplicationNATS", ["ApusReplicationNATS", "ApusReplication", "ApusEngine"]),
    tests("ApusCapture", ["ApusCapture", "CApusSystemFaults"]),
    tests("ApusMarketProtocols", ["ApusMarketProtocols"]),
    tests("ApusMarketCaptures", ["ApusMarketCaptures", "ApusMarketProtocols", "ApusCapture"]),
    tests(
      "ApusTrading",
      [
        "ApusTrading", "ApusMarketProtocols", "ApusMemory", "ApusEngine", "ApusHost", "ApusJournal",
        "ApusTestKit",
      ]),
    // A program in C, in the test's process.
    .target(name: "CApusDriver", dependencies: ["CApus"], path: "Tests/CApusDriver"),
    tests(
      "ApusC",
      [
        "ApusC", "CApus", "CApusDriver", "ApusTrading", "ApusEngine", "ApusTradingService",
        "ApusServiceKit",
      ]),
    tests("ApusCommandKit", ["ApusCommandKit"]),
    tests("ApusReport", ["ApusReport"]),
    tests(
      "ApusServiceKit",
      [
        "ApusServiceKit", "ApusCommand", "ApusClient", "ApusCore", "ApusReplication", "ApusMetrics",
        "ApusTestKit",
      ]),
    tests(
      "ApusTradingService",
      [
        "ApusTradingService", "ApusTrading", "ApusMarketProtocols", "ApusMarketCaptures",
        "ApusCapture", "ApusReport", "ApusEngine", "ApusHost", "CApusSystemFaults",
      ]),
    tests("ApusBench", ["ApusBench", "ApusThreads", "ApusCoreBench", "ApusTradingBench"]),
    // What is fuzzed and which laws hold: run shortly by the tests, and by `scripts/fuzz` for hours.
    .target(
      name: "ApusFuzzHarnesses",
      dependencies: [
        "ApusTestSupport", "ApusTestKit", "ApusRings", "ApusMetrics", "ApusEngine", "ApusHost",
        "ApusJournal",
        "ApusReplication", "ApusCapture", "ApusMarketProtocols", "ApusMarketCaptures",
        "ApusTrading", "ApusTradingService",
      ],
      path: "Tests/ApusFuzzHarnesses",
      swiftSettings: settings
    ),
    tests("ApusFuzzHarnesses", ["ApusFuzzHarnesses"]),
    // Orders of a service's clients, for tests and for the client that they kill.
    .target(
      name: "ApusServeTestKit", dependencies: ["ApusClient", "ApusTrading"],
      path: "Tests/ApusServeTestKit", swiftSettings: settings),
    .executableTarget(
      name: "apus-client-peer", dependencies: ["ApusServeTestKit", "ApusClient", "ApusTrading"],
      path: "Tests/ApusClientPeer", swiftSettings: settings),
    tests(
      "ApusCommand",
      [
        "apus", "ApusCommand", "ApusCommandKit", "ApusThreads", "ApusCapture", "ApusTradingService",
        "ApusTradingSystem", "ApusTrading", "ApusServiceKit", "ApusCore", "ApusMetrics",
        "ApusEngine", "ApusJournal", "ApusEventLog", "ApusClient", "ApusBench", "ApusTestKit",
        "ApusServeTestKit", "apus-client-peer",
      ]),
    tests("ApusProducts", linkedProducts.map { .target(name: "Link\($0)") } + ["apus"]),
  ] + linkedProducts.map(linkProgram),
  swiftLanguageModes: [.v6]
)

// Functions for C have been checked against their header (`@c`) since Swift 6.3; the rest is there
// with 6.2 too.
#if compiler(<6.3)
  package.targets.removeAll { ["ApusC", "ApusCTests", "CApusDriver"].contains($0.name) }
  package.products.removeAll { $0.name == "ApusC" }
#endif

// libFuzzer's program links only with `-sanitize=fuzzer`, which `scripts/fuzz` gives on the command
// line.
if Context.environment["APUS_FUZZ"] != nil {
  package.targets.append(
    .executableTarget(
      name: "ApusFuzz", dependencies: ["ApusFuzzHarnesses"], path: "Tests/ApusFuzz",
      swiftSettings: settings))
}

// Only these targets, by commas, and what they depend on: a change to one of them is built and tested in
// seconds, and ThreadSanitizer, which stops this compiler ("Invalid bitcast") in ApusMetrics, gets only
// what it can compile.
if let names = Context.environment["APUS_TARGETS"] {
  var wanted = names.split(separator: ",").map(String.init)
  var kept: Set<String> = []
  while let name = wanted.popLast() {
    guard kept.insert(name).inserted else { continue }
    for dependency in package.targets.first(where: { $0.name == name })?.dependencies ?? [] {
      switch dependency {
      case .targetItem(let name, _), .byNameItem(let name, _): wanted.append(name)
      default: break
      }
    }
  }
  package.targets.removeAll { !kept.contains($0.name) }
  package.products.removeAll()
}
