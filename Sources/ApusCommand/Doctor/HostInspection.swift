// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore

/// Reads the kernel's files and judges what was found by trying.
struct HostInspection {
  /// Prefix of `/sys` and `/proc`; tests give a folder of their own.
  let root: String
  let probes: HostProbes
  let topology: CPUTopology

  init(root: String, probes: HostProbes) {
    self.root = root
    self.probes = probes
    topology = CPUTopology(root: root + "/sys/devices/system", allowed: probes.allowedCPUs)
  }

  func findings() -> [HostReport.Finding] {
    [
      frequency(), isolation(), hyperThreads(), clockSource(), invariantCounter(), hugePages(),
      transparentHugePages(), memlock(), numa(), swapping(), ioUring(), eventLoop(), realTime(),
      timerSlack(),
      cpuQuota(),
    ] + networkQueues()
  }

  func read(_ path: String) -> String? { SystemFile.read(root + path) }

  func finding(
    _ name: String, _ status: HostReport.Status, _ found: String, wanted: String, remedy: String
  ) -> HostReport.Finding {
    HostReport.Finding(name: name, status: status, found: found, wanted: wanted, remedy: remedy)
  }
}
