// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore

/// One line about the machine that figures were measured on.
public enum MachineDescription {
  /// Model of the CPU, how many there are, and the kernel.
  public static func line() -> String {
    let info = SystemFile.read("/proc/cpuinfo") ?? ""
    let model =
      info.split(separator: "\n").first { $0.hasPrefix("model name") }
      .flatMap { $0.split(separator: ":").last }
      .map { $0.drop { $0 == " " } }.map(String.init) ?? "unknown CPU"
    let cpus = CPUTopology.current().cpus.count
    let kernel = SystemFile.read("/proc/sys/kernel/osrelease") ?? "unknown"
    return "\(model), \(cpus) CPUs, Linux \(kernel)"
  }
}
