// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusIO

extension SystemLoop {
  /// A UDP socket, in its groups.
  final func openDatagrams(
    _ address: SocketAddress, _ options: DatagramOptions
  ) throws(IOError) -> (SlotHandle, SocketAddress) {
    let text = "\(address)"
    let (descriptor, bound) = try openBound(
      address, datagrams: true, sharesPort: options.sharesPort,
      receiveByteCount: options.kernelReceiveByteCount, sendByteCount: options.kernelSendByteCount)
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
    return (try make(descriptor, .datagrams, text), bound)
  }
}
