// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusNUMA
internal import Glibc

/// Does something while this thread prefers a NUMA node for the memory that it touches first; the threads that it
/// starts meanwhile inherit that.
///
/// - Parameters:
///   - node: Nil changes nothing.
///   - body: Gets why the node is not preferred, in one line; nil where it is.
public func withPreferredNUMANode<Result: ~Copyable, Failure: Error>(
  _ node: Int?, _ body: (_ shortfall: String?) throws(Failure) -> Result
) throws(Failure) -> Result {
  guard let node else { return try body(nil) }
  let preference = NUMAPreference.begin(node)
  defer { preference.end() }
  return try body(preference.shortfall)
}

/// That the calling thread prefers a node.
struct NUMAPreference {
  /// Why it does not; nil where it does.
  let shortfall: String?
  private let previous: capus_numa_policy?

  static func begin(_ node: Int) -> NUMAPreference {
    var previous = capus_numa_policy()
    // SAFETY: `previous` is there to be written.
    let readResult = unsafe capus_numa_policy_read(&previous)
    // What cannot be read could not be put back. A kernel without NUMA support has nothing to read.
    let result =
      readResult == 0 || readResult == -ENOSYS
      ? capus_numa_policy_prefer(CInt(clamping: node)) : readResult
    guard result == 0 else {
      return NUMAPreference(
        shortfall:
          "NUMA node \(node): errno \(-result); this host has \(capus_numa_node_count()) node(s)",
        previous: nil)
    }
    return NUMAPreference(shortfall: nil, previous: readResult == 0 ? previous : nil)
  }

  /// Gives the thread its own policy back.
  func end() {
    guard var previous else { return }
    // SAFETY: the policy was read by this thread.
    _ = unsafe capus_numa_policy_write(&previous)
  }
}
