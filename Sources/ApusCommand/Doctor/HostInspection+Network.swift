// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import Foundation

extension HostInspection {
  private static let interfaceCountMax = 16

  /// One finding for each interface but loopback, those with hardware first.
  func networkQueues() -> [HostReport.Finding] {
    let folder = root + "/sys/class/net"
    let interfaces = names(in: folder).filter { $0 != "lo" }
      // Files in that folder, such as bonding_masters, are no interfaces.
      .filter { !names(in: "\(folder)/\($0)/queues").isEmpty }
      .map { (name: $0, isHardware: names(in: "\(folder)/\($0)").contains("device")) }
    let wanted = "one receive queue for each engine thread that reads packets"
    guard !interfaces.isEmpty else {
      return [
        finding(
          "NIC queues", .unknown, "no interface but loopback", wanted: wanted,
          remedy: "attach an interface; then ethtool -L INTERFACE combined N")
      ]
    }
    let ordered = interfaces.filter(\.isHardware) + interfaces.filter { !$0.isHardware }
    return ordered.prefix(Self.interfaceCountMax).map { name, isHardware in
      let count = names(in: "\(folder)/\(name)/queues").count { $0.hasPrefix("rx-") }
      let isFew = isHardware && count < 2 && topology.cpus.count > 1
      return finding(
        "NIC queues \(name)", isFew ? .attention : .good,
        "\(count) receive queue(s)" + (isHardware ? "" : ", no hardware"), wanted: wanted,
        remedy: "ethtool -L \(name) combined \(max(2, topology.cpus.count)) (ethtool -l \(name) "
          + "tells how many it can have; of a virtual machine the host decides)")
    }
  }

  private func names(in folder: String) -> [String] {
    ((try? FileManager.default.contentsOfDirectory(atPath: folder)) ?? []).sorted()
  }
}
