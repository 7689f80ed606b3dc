// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusIO

/// A loop with a listener.
@main
enum Program {
  static func main() throws {
    let loop = try EventLoop.make(
      EventLoopConfiguration(socketCountMax: 4, receiveBufferCount: 4, sendBufferCount: 4))
    guard let address = SocketAddress("127.0.0.1", port: 0) else { return }
    let bound = try loop.listen(at: address).address
    print(loop.backend, bound.isLoopback, loop.step(now: .zero, countMax: 1))
  }
}
