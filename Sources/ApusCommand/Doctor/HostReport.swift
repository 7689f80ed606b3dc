// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore

/// What one host has for low latency.
public struct HostReport: Encodable, Sendable {
  /// How one thing stands.
  public enum Status: String, Encodable, Sendable {
    /// As low latency wants it.
    case good
    /// There, but not as it should be.
    case attention
    /// Not there.
    case missing
    /// The kernel does not tell.
    case unknown
  }

  /// One thing that was looked at.
  public struct Finding: Encodable, Sendable {
    /// Stable name.
    public var name: String
    /// How it stands.
    public var status: Status
    /// What was found.
    public var found: String
    /// What low latency wants.
    public var wanted: String
    /// How to change it, whatever its status, so that every finding has the same keys.
    public var remedy: String
  }

  /// One line about the machine.
  public var machine: String
  /// Everything that was looked at.
  public var findings: [Finding]

  /// Looks at this host. Changes nothing and never fails: what cannot be read is `unknown`.
  public static func inspect() -> HostReport {
    HostReport(
      machine: MachineDescription.line(),
      findings: HostInspection(root: "", probes: .current()).findings())
  }

  /// A table for people: a sign, the name, what was found, and below what is not good how to change
  /// it.
  public func renderText() -> String {
    let width = findings.map(\.name.count).max() ?? 0
    let lines = findings.map { finding -> String in
      let sign =
        switch finding.status {
        case .good: "✓"
        case .attention: "!"
        case .missing: "✗"
        case .unknown: "?"
        }
      let name = finding.name + String(repeating: " ", count: width - finding.name.count)
      let line = "\(sign) \(name)  \(finding.found)"
      if finding.status == .good { return line }
      let indent = String(repeating: " ", count: width + 4)
      return line + "\n\(indent)wanted: \(finding.wanted)\n\(indent)do: \(finding.remedy)"
    }
    return machine + "\n\n" + lines.joined(separator: "\n")
  }
}
