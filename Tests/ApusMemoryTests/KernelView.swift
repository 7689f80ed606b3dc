// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Foundation

/// What the kernel says of a mapping of this process, to hold against what a region says of itself.
enum KernelView {
  /// Two-letter flags of the mapping at an address: `lo` locked, `hg` advised huge, `ht` huge pages.
  static func flags(at address: UnsafeMutableRawPointer) -> Set<String> {
    let wanted = UInt(bitPattern: address)
    var isInside = false
    for line in lines("/proc/self/smaps") {
      if let range = line.split(separator: " ").first?.split(separator: "-"), range.count == 2,
        let start = UInt(range[0], radix: 16), let end = UInt(range[1], radix: 16)
      {
        isInside = wanted >= start && wanted < end
      } else if isInside, line.hasPrefix("VmFlags:") {
        return Set(line.dropFirst("VmFlags:".count).split(separator: " ").map(String.init))
      }
    }
    return []
  }

  /// Memory policy of the mapping at an address, such as `bind:0`.
  static func policy(at address: UnsafeMutableRawPointer) -> String? {
    let wanted = UInt(bitPattern: address)
    var best: (start: UInt, policy: String)?
    for line in lines("/proc/self/numa_maps") {
      let words = line.split(separator: " ")
      guard words.count >= 2, let start = UInt(words[0], radix: 16), start <= wanted else {
        continue
      }
      if start >= best?.start ?? 0 { best = (start, String(words[1])) }
    }
    return best?.policy
  }

  /// Whether the kernel tells memory policies at all.
  static var tellsPolicies: Bool { !lines("/proc/self/numa_maps").isEmpty }

  private static func lines(_ path: String) -> [Substring] {
    guard let file = FileHandle(forReadingAtPath: path), let data = try? file.readToEnd() else {
      return []
    }
    return String(decoding: data, as: UTF8.self).split(separator: "\n")
  }
}
