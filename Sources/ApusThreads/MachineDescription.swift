// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// One line about the machine that figures were measured on.
public enum MachineDescription {
  /// Model of the CPU, how many there are, and the kernel.
  public static func line() -> String { line(root: "") }

  static func line(root: String) -> String {
    let info = SystemFile.read("\(root)/proc/cpuinfo") ?? ""
    let model =
      info.split(separator: "\n").first { $0.hasPrefix("model name") }
      .flatMap { $0.split(separator: ":", maxSplits: 1).last }
      .map { $0.drop { $0 == " " } }.map(String.init) ?? "unknown CPU"
    let cpus = CPUTopology(root: "\(root)/sys/devices/system", allowed: []).cpus.count
    let kernel = SystemFile.read("\(root)/proc/sys/kernel/osrelease") ?? "unknown"
    return "\(model), \(cpus) CPUs, Linux \(kernel)"
  }
}
