// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// A connection of a peer that says what an input says, over the loopback.
final class FuzzSocket {
  private let descriptor: Int32

  private init(_ descriptor: Int32) {
    self.descriptor = descriptor
    // Closing tells the other side at once and leaves no port behind that waits.
    var now = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
  }

  deinit { close(descriptor) }

  /// Connects to a port.
  init?(port: UInt16) {
    descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
    var now = linger(l_onoff: 1, l_linger: 0)
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_LINGER, &now, socklen_t(MemoryLayout<linger>.size))
    guard unsafe Self.withAddress(port, { unsafe connect(descriptor, $0, $1) }) == 0 else {
      return nil
    }
  }

  /// Sends what the other side has room for.
  func send(_ bytes: [UInt8]) {
    _ = unsafe bytes.withUnsafeBytes {
      unsafe Glibc.send(
        descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
    }
  }

  /// What has come; nil where the other side has closed.
  func receive() -> [UInt8]? {
    var bytes = [UInt8](repeating: 0, count: 16_384)
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe recv(descriptor, $0.baseAddress, $0.count, Int32(MSG_DONTWAIT))
    }
    if count < 0 { return errno == EAGAIN ? [] : nil }
    return count == 0 ? nil : Array(bytes.prefix(count))
  }

  private static func withAddress(
    _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32
  ) -> Int32 {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr = in_addr(s_addr: UInt32(0x7F00_0001).bigEndian)
    // SAFETY: the address is as long as the call is told.
    return unsafe withUnsafePointer(to: &address) {
      unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  /// Takes connections at a port of the loopback.
  final class Listener {
    private let descriptor: Int32
    let port: UInt16

    init?() {
      let descriptor = socket(
        AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue), 0)
      self.descriptor = descriptor
      guard unsafe FuzzSocket.withAddress(0, { unsafe bind(descriptor, $0, $1) }) == 0,
        listen(descriptor, 16) == 0
      else { return nil }
      var address = sockaddr_in()
      var length = socklen_t(MemoryLayout<sockaddr_in>.size)
      let named = unsafe withUnsafeMutablePointer(to: &address) {
        unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
          unsafe getsockname(descriptor, $0, &length)
        }
      }
      guard named == 0 else { return nil }
      port = UInt16(bigEndian: address.sin_port)
    }

    deinit { close(descriptor) }

    func accept() -> FuzzSocket? {
      let accepted = Glibc.accept(descriptor, nil, nil)
      return accepted < 0 ? nil : FuzzSocket(accepted)
    }
  }
}
