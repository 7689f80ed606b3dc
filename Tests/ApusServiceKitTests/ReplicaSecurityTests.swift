// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusReplication
import ApusTestKit
import ApusTestSupport
import Foundation
import Testing

@testable import ApusServiceKit

/// Replicas whose link has a key.
@Suite struct ReplicaSecurityTests {
  typealias Rig = ReplicatedServiceTests

  private static let keys = [
    "6f1d2c3b4a5968778695a4b3c2d1e0f00112233445566778899aabbccddeeff0",
    "0f1e2d3c4b5a69788796a5b4c3d2e1f0ffeeddccbbaa99887766554433221100",
  ]

  /// A file of a key that nobody else may read.
  private static func keyFile(_ folder: ScratchFolder, _ index: Int) throws -> String {
    let path = try folder.write("key\(index)", keys[index] + "\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: path)
    return path
  }

  @Test func replicasOfOneKeyFollowEachOther() throws {
    let folder = try ScratchFolder()
    var (one, two) = try Rig.configurations(folder)
    (one.replicationKey, two.replicationKey) = (
      try Self.keyFile(folder, 0), try Self.keyFile(folder, 0)
    )
    let first = try Rig.Replica.start(engine: .init(), configuration: one)
    #expect(Rig.waitFor(first) { $0.role == .primary })
    let second = try Rig.Replica.start(engine: .init(), configuration: two)
    #expect(Rig.waitFor(second) { $0.role == .standby && $0.epoch > 0 }, "\(second.status)")
    #expect(first.status.linkProblem == nil && second.status.linkProblem == nil)
    second.stop()
    first.stop()
  }

  @Test func replicasOfTwoKeysSayWhyTheyDoNot() throws {
    let folder = try ScratchFolder()
    var (one, two) = try Rig.configurations(folder)
    (one.replicationKey, two.replicationKey) = (
      try Self.keyFile(folder, 0), try Self.keyFile(folder, 1)
    )
    let first = try Rig.Replica.start(engine: .init(), configuration: one)
    #expect(Rig.waitFor(first) { $0.role == .primary })
    let second = try Rig.Replica.start(engine: .init(), configuration: two)
    for replica in [first, second] {
      #expect(
        Rig.waitFor(replica) { $0.linkProblem?.contains("replicationKey") == true },
        "\(replica.status)")
    }
    second.stop()
    first.stop()
  }

  @Test func theLinkOfAKeyMayLeaveThisMachine() throws {
    let folder = try ScratchFolder()
    var (one, _) = try Rig.configurations(folder)
    one.listen = "192.0.2.1:7001"
    #expect(throws: ServiceError.self) { try one.endpoint("listen", one.listen) }
    one.replicationKey = try Self.keyFile(folder, 0)
    #expect(try one.endpoint("listen", one.listen).address == "192.0.2.1")
  }

  /// Every mistake is known before anything is made, and names what is wrong.
  @Test func mistakesAreNamed() throws {
    let folder = try ScratchFolder()
    let (good, _) = try Rig.configurations(folder)
    let key = try Self.keyFile(folder, 0)
    let open = try folder.write("open", Self.keys[0] + "\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o644], ofItemAtPath: open)
    let short = try folder.write("short", "0011\n")
    try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: short)
    let mistakes: [(String, (inout ServiceConfiguration) -> Void)] = [
      ("absent", { $0.replicationKey = folder.path("absent") }),
      ("open", { $0.replicationKey = open }),
      ("short", { $0.replicationKey = short }),
      ("replicationAuthority", { $0.replicationCertificate = key }),
      (
        "beside replicationKey",
        {
          ($0.replicationKey, $0.replicationPeerName) = (key, "node.test")
        }
      ),
      (
        "key0",
        {
          ($0.replicationCertificate, $0.replicationCertificateKey) = (key, key)
          ($0.replicationAuthority, $0.replicationPeerName) = (key, "node.test")
        }
      ),
    ]
    for (word, change) in mistakes {
      var configuration = good
      change(&configuration)
      let error = #expect(throws: ServiceError.self) {
        _ = try Rig.Replica.start(engine: .init(), configuration: configuration)
      }
      let text = error?.description ?? ""
      #expect(text.contains(word) && !text.contains("\n"), "\(word): \(text)")
      #expect(!FileManager.default.fileExists(atPath: configuration.folder), "\(word)")
    }
    var alone = ServiceConfiguration(folder: folder.path("alone"))
    alone.replicationKey = key
    #expect(throws: ServiceError.self) { try alone.validate(messageBytesMax: 64) }
  }
}
