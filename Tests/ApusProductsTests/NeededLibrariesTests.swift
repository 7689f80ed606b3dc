// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation
import Testing

/// What the smallest program of each product has to find where it runs, besides the system's own
/// libraries and the Swift runtime: a product that begins to need one more is a change that its users
/// have to hear of.
@Suite struct NeededLibrariesTests {
  static let products: [(name: String, libraries: Set<String>)] = [
    ("ApusEngine", ["libnuma"]),
    ("ApusTrading", ["libnuma"]),
    ("ApusMarketProtocols", ["libnuma"]),
    ("ApusHost", ["libnuma", "libz"]),
    ("ApusJournal", ["libnuma", "libz", "liburing"]),
    ("ApusIO", ["libnuma", "liburing"]),
    ("ApusEventLog", ["libnuma"]),
    ("ApusClient", ["libnuma"]),
    ("ApusCore", ["libnuma", "libz", "liburing"]),
    ("ApusReplication", linkLibraries),
    ("ApusReplicationNATS", linkLibraries.union(["libnats"])),
    ("ApusTLS", ["libssl", "libcrypto"]),
    ("ApusCapture", ["libnuma", "libz", "libisal", "libpcap"]),
    ("ApusMarketCaptures", ["libnuma", "libz", "libisal", "libpcap"]),
    ("ApusCommandKit", ["libnuma", "libz", "libisal", "libpcap"]),
    ("ApusReport", []),
    ("ApusServiceKit", linkLibraries),
    ("ApusTradingService", linkLibraries.union(["libisal", "libpcap"])),
    ("ApusBench", ["libnuma", "libz", "liburing", "libisal", "libpcap"]),
    ("ApusCommand", commandLibraries),
    ("ApusTradingSystem", commandLibraries),
  ]

  /// The command looks at captures, and leases in NATS.
  static let commandLibraries = linkLibraries.union(["libisal", "libpcap", "libnats"])

  /// A link to a replica is TLS; what needs no replica needs no OpenSSL.
  static let linkLibraries: Set<String> = [
    "libnuma", "libz", "liburing", "libssl", "libcrypto",
  ]

  static let hasReadelf = FileManager.default.isExecutableFile(atPath: "/usr/bin/readelf")

  @Test(.enabled(if: hasReadelf, "no readelf in /usr/bin"), arguments: products)
  func aProgramNeedsNothingElse(product: String, libraries: Set<String>) throws {
    let needed = try Self.neededLibraries(Self.folder.appendingPathComponent("Link\(product)"))
    // A program that is linked at all needs both.
    #expect(needed.contains("libc") && needed.contains("libswiftCore"), "\(needed.sorted())")
    let own = needed.filter { !Self.isSystem($0) && !Self.isSwift($0) }
    #expect(own == libraries, "\(product) needs \(own.sorted())")
  }

  @Test(.enabled(if: hasReadelf, "no readelf in /usr/bin"))
  func theCommandNeedsNothingElse() throws {
    let needed = try Self.neededLibraries(Self.folder.appendingPathComponent("apus"))
    let own = needed.filter { !Self.isSystem($0) && !Self.isSwift($0) }
    #expect(own == Self.commandLibraries, "apus needs \(own.sorted())")
  }

  @Test(.enabled(if: hasReadelf, "no readelf in /usr/bin"))
  func nothingBelowTheServicesNeedsFoundation() throws {
    let users: Set = [
      "ApusCommandKit", "ApusServiceKit", "ApusTradingService", "ApusBench", "ApusCommand",
      "ApusTradingSystem",
    ]
    for product in Self.products.map(\.name) where !users.contains(product) {
      let needed = try Self.neededLibraries(Self.folder.appendingPathComponent("Link\(product)"))
      let foundation = needed.filter { $0.contains("Foundation") }
      #expect(foundation.isEmpty, "\(product) needs \(foundation.sorted())")
    }
  }

  @Test(arguments: products.map(\.name))
  func theProgramRuns(product: String) throws {
    let output = try Self.run(Self.folder.appendingPathComponent("Link\(product)"), [])
    #expect(!output.isEmpty)
  }

  /// Beside the program that runs the tests.
  static var folder: URL {
    URL(fileURLWithPath: CommandLine.arguments[0]).deletingLastPathComponent()
  }

  static func isSystem(_ library: String) -> Bool {
    ["libc", "libm", "libgcc_s", "libstdc++", "libpthread", "libdl", "librt"].contains(library)
      || library.hasPrefix("ld-linux")
  }

  static func isSwift(_ library: String) -> Bool {
    library.hasPrefix("libswift") || library.hasPrefix("libFoundation")
      || ["lib_FoundationICU", "libdispatch", "libBlocksRuntime"].contains(library)
  }

  /// Names without their versions: what follows the first ".so".
  static func neededLibraries(_ program: URL) throws -> Set<String> {
    let lines = try run(URL(fileURLWithPath: "/usr/bin/readelf"), ["-d", program.path])
    let names = lines.split(separator: "\n").compactMap { line -> String? in
      guard line.contains("(NEEDED)"), let start = line.firstIndex(of: "["),
        let end = line.range(of: ".so", range: start..<line.endIndex)
      else { return nil }
      return String(line[line.index(after: start)..<end.lowerBound])
    }
    return Set(names)
  }

  static func run(_ program: URL, _ arguments: [String]) throws -> String {
    let process = Process()
    process.executableURL = program
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    let output = Pipe()
    process.standardOutput = output
    try process.run()
    let bytes = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    #expect(
      process.terminationReason == .exit && process.terminationStatus == 0, "\(program.path)")
    return String(decoding: bytes, as: UTF8.self)
  }
}
