// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// Unix sockets: connections between processes of one machine, which can pass descriptors.
extension EventLoop {
  /// Listens for connections at a path. The socket file of a process that is gone is replaced.
  ///
  /// - Parameters:
  ///   - path: At most 107 bytes.
  ///   - permissions: Of the socket file: who may connect.
  ///   - takesDescriptors: Whether its connections may pass descriptors; one that does all the same is closed,
  ///     with ``CloseReason/unwantedDescriptor``.
  /// - Throws: ``IOError`` with EADDRINUSE where somebody listens there, EEXIST for a file that is no socket.
  public final func listen(
    atPath path: String, permissions: UInt16 = 0o600, takesDescriptors: Bool = false
  ) throws(IOError) -> ListenerID {
    ListenerID(try makeUnixListener(path, permissions, takesDescriptors))
  }

  /// Connects to a path.
  public final func connect(
    toPath path: String, takesDescriptors: Bool = false
  ) throws(IOError) -> ConnectionID {
    ConnectionID(try makeUnixConnection(path, takesDescriptors))
  }

  /// User of the process at the other end of a Unix socket, as the kernel says; nil for other connections.
  public final func peerUser(of connection: ConnectionID) -> UInt32? {
    slots.index(connection.handle).flatMap(unixPeerUser)
  }

  /// Sends bytes with a descriptor, which stays the caller's too.
  ///
  /// - Parameter bytes: At least one: it is what carries the descriptor.
  /// - Returns: Whether it was sent, or is on its way, in whole; `false` where nothing of it was: while other bytes wait at the connection,
  ///   where the kernel has no room now, and for connections that are no Unix sockets.
  public final func send(
    _ bytes: RawSpan, passing descriptor: Int32, on connection: ConnectionID
  ) -> Bool {
    guard let index = slots.index(connection.handle), slots[index].kind == .unix, !bytes.isEmpty,
      slots[index].queuedByteCount == 0,
      slots[index].flags.isDisjoint(with: [.connecting, .finishing, .tearing])
    else { return false }
    return passDescriptor(index, bytes, descriptor)
  }

  /// Makes a descriptor that came the caller's, who closes it.
  ///
  /// - Returns: nil where the loop has closed it: it is there until the next step.
  public final func take(_ passed: PassedDescriptor) -> Int32? {
    delivered.remove(descriptor: passed.descriptor) ? passed.descriptor : nil
  }
}
