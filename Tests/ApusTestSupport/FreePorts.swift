// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Glibc

/// Ports that the kernel had free a moment ago, for programs that have to be told one.
public enum FreePorts {
  /// Two different ones of the loopback interface: both are bound until both are known.
  public static func pair() throws -> (UInt16, UInt16) {
    let (first, second) = (try bind(), try bind())
    defer {
      close(first.socket)
      close(second.socket)
    }
    return (first.port, second.port)
  }

  private static func bind() throws -> (socket: CInt, port: UInt16) {
    let socket = Glibc.socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0)
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let result = unsafe withUnsafeMutablePointer(to: &address) { pointer in
      // SAFETY: an address of this length, during the calls.
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
        unsafe Glibc.bind(socket, pointer, length) == 0
          ? getsockname(socket, pointer, &length) : -1
      }
    }
    guard socket >= 0, result == 0 else { throw PortError(errno: errno) }
    return (socket, UInt16(bigEndian: address.sin_port))
  }
}

/// No port could be had.
public struct PortError: Error {
  /// The kernel's.
  public var errno: Int32
}
