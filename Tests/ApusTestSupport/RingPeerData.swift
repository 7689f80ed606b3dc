// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTestBasics

/// An element that tells its place in the ring and whether it was torn.
public struct PeerElement: BitwiseCopyable, Sendable, Equatable {
  /// Place in the ring.
  public var position: UInt64
  private var first: UInt64
  private var second: UInt64

  /// The element of a place.
  public init(_ position: UInt64) {
    self.position = position
    first = position &* 0x9E37_79B9_7F4A_7C15
    second = ~position
  }

  /// Whether all of it belongs to one place.
  public var isWhole: Bool { self == PeerElement(position) }
}

/// A message whose length, type and bytes follow from where it begins in the ring.
public enum PeerMessage {
  /// Length of the payload. Unit: bytes.
  public static func byteCount(_ position: UInt64) -> Int {
    var random = SeededRandom(seed: position)
    return 8 + Int(random.next() % 120)
  }

  /// Type of the message.
  public static func type(_ position: UInt64) -> UInt32 {
    UInt32(truncatingIfNeeded: position) >> 3
  }

  /// Fills the payload.
  public static func write(_ position: UInt64, into payload: inout MutableRawSpan) {
    var random = SeededRandom(seed: ~position)
    let noise = UInt8(truncatingIfNeeded: random.next())
    for index in 8..<payload.byteCount {
      payload.storeBytes(
        of: noise &+ UInt8(truncatingIfNeeded: index), toByteOffset: index, as: UInt8.self)
    }
    payload.storeBytes(of: position, toByteOffset: 0, as: UInt64.self)
  }

  /// A sentence about what is wrong, or nil.
  ///
  /// - Parameters:
  ///   - capacity: The ring's.
  ///   - next: Where the ring had got to before the message; moved behind it.
  public static func check(
    _ type: UInt32, _ payload: RawSpan, capacity: Int, next: inout UInt64?
  ) -> String? {
    guard payload.byteCount >= 8 else { return "\(payload.byteCount) bytes" }
    var bytes: [UInt8] = []
    for index in 0..<payload.byteCount {
      // SAFETY: index is within the payload; any byte is valid.
      bytes.append(unsafe payload.unsafeLoad(fromByteOffset: index, as: UInt8.self))
    }
    var position: UInt64 = 0
    for index in (0..<8).reversed() { position = position << 8 | UInt64(bytes[index]) }
    if let next, position != next { return "message at \(position), expected \(next)" }
    guard bytes.count == byteCount(position), type == Self.type(position) else {
      return "message at \(position): \(bytes.count) bytes, type \(type)"
    }
    var random = SeededRandom(seed: ~position)
    let noise = UInt8(truncatingIfNeeded: random.next())
    for index in 8..<bytes.count where bytes[index] != noise &+ UInt8(truncatingIfNeeded: index) {
      return "message at \(position): byte \(index) is wrong"
    }
    // Where it did not fit before the end there is filler in front of it.
    let record = UInt64(bytes.count + 15) & ~7
    let straight = UInt64(capacity) - position % UInt64(capacity)
    next = position + (record > straight ? straight + record : record)
    return nil
  }
}
