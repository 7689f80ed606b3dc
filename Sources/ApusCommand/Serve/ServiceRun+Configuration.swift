// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit
internal import ApusCore
internal import ApusServiceKit
internal import Foundation

extension ServiceRun {
  /// The values of the file, and above them those of the options.
  func configuration() throws -> ServiceConfiguration {
    guard options.operands.count <= 1 else {
      throw UsageError("\(options.operands[1]): expected one folder")
    }
    var configuration = ServiceConfiguration(folder: "")
    if let path = options.string("config") {
      do throws(ServiceError) { configuration = try .read(path: path) } catch {
        throw InputError(error.description)
      }
    }
    if let folder = options.operands.first { configuration.folder = folder }
    guard !configuration.folder.isEmpty else {
      throw UsageError("expected the service's data folder: apus serve \(name) FOLDER")
    }
    let found = try? FileManager.default.attributesOfItem(atPath: configuration.folder)
    if found?[.type] as? FileAttributeType == .typeRegular {
      throw WorkError(
        "\(configuration.folder): is a file, expected the service's data folder; a configuration goes "
          + "with --config")
    }
    configuration.cpu = try options.integer("cpu", in: 0...1_023) ?? configuration.cpu
    try check(cpu: configuration.cpu)
    configuration.numaNode =
      try options.integer("numa-node", in: 0...1_023) ?? configuration.numaNode
    configuration.clients =
      try options.integer("clients", in: 1...ServiceFolder.ringCountMax) ?? configuration.clients
    configuration.listen = options.string("listen") ?? configuration.listen
    configuration.peer = options.string("peer") ?? configuration.peer
    configuration.lease = options.string("lease") ?? configuration.lease
    takeSecurity(&configuration)
    let numbers = 1...(1 << 32 - 1)
    configuration.node =
      try options.integer("node", in: numbers).map { UInt64($0) } ?? configuration.node
    configuration.peerNode =
      try options.integer("peer-node", in: numbers).map { UInt64($0) } ?? configuration.peerNode
    configuration.wait = try options.word("wait") ?? configuration.wait
    configuration.release = try options.word("release") ?? configuration.release
    return configuration
  }

  private func takeSecurity(_ configuration: inout ServiceConfiguration) {
    func take(_ name: String, _ field: inout String?) { field = options.string(name) ?? field }
    take("replication-key", &configuration.replicationKey)
    take("replication-certificate", &configuration.replicationCertificate)
    take("replication-certificate-key", &configuration.replicationCertificateKey)
    take("replication-authority", &configuration.replicationAuthority)
    take("replication-peer-name", &configuration.replicationPeerName)
  }

  /// Before anything is made: a thread finds out only when it is started.
  private func check(cpu: Int?) throws {
    let allowed = CPUTopology.current().cpus.filter(\.isAllowed).map(\.index)
    guard let cpu, !allowed.isEmpty, !allowed.contains(cpu) else { return }
    let error = ThreadError.cpuUnavailable(cpuIndex: cpu, allowed: allowed)
    if options.has("cpu") { throw UsageError("--cpu \(cpu): \(error)") }
    throw InputError("\(options.string("config") ?? "cpu"): cpu is \(cpu): \(error)")
  }
}
