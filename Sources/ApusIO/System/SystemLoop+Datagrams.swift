// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusIO

extension SystemLoop {
  /// A UDP socket, in its groups.
  final func openDatagrams(
    _ address: SocketAddress, _ options: DatagramOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress) {
    let descriptor = try open(address, datagrams: true)
    let text = "\(address)"
    var raw = address.raw
    var bound = capus_address()
    try check(
      capus_socket_buffers(
        descriptor, Int32(clamping: options.kernelReceiveByteCount),
        Int32(clamping: options.kernelSendByteCount)), "setsockopt", text, closing: descriptor)
    // SAFETY: addresses are read and written in the call.
    try check(
      unsafe capus_socket_bind(
        descriptor, &raw, options.sharesPort ? UInt32(capus_socket_reuse_port) : 0, &bound),
      "bind", text, closing: descriptor)
    var interface = options.multicastInterface?.raw ?? capus_address()
    let hasInterface = options.multicastInterface != nil
    for group in options.groups {
      var own = group.raw
      let joined = unsafe withUnsafePointer(to: &interface) {
        unsafe capus_socket_join(descriptor, &own, hasInterface ? $0 : nil)
      }
      try check(joined, "join", "\(group)", closing: descriptor)
    }
    let set = unsafe withUnsafePointer(to: &interface) {
      unsafe capus_socket_multicast(
        descriptor, hasInterface ? $0 : nil, Int32(clamping: options.multicastHopCountMax),
        options.multicastLoops ? 1 : 0)
    }
    try check(set, "multicast options", text, closing: descriptor)
    return (try make(descriptor, .datagrams, text), SocketAddress(bound))
  }
}
