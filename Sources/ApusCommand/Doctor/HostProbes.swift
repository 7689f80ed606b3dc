// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCore
internal import ApusIO

/// What can only be found by trying, apart from the reading of files, so that tests can give what
/// this host does not have.
struct HostProbes {
  /// 0 where io_uring can be set up, else the errno that refused it.
  var ioUringErrno: Int32
  /// What an event loop gets here when it may choose, and why nothing better.
  var eventLoop = EventLoopBackend(.ioUring)
  /// Unit: nanoseconds; nil where the kernel does not tell.
  var timerSlackNanoseconds: Int?
  /// 0 for none.
  var realTimePriorityMax: Int
  /// Unit: bytes; nil for no limit.
  var memlockLimitByteCount: Int?
  var hasInvariantTimeStampCounter: Bool
  /// CPUs this process may run on.
  var allowedCPUs: [Int]

  static func current() -> HostProbes {
    HostProbes(
      ioUringErrno: SystemProbe.ioUringErrno(),
      eventLoop: eventLoopBackend(),
      timerSlackNanoseconds: SystemProbe.timerSlackNanoseconds(),
      realTimePriorityMax: SystemProbe.realTimePriorityMax(),
      memlockLimitByteCount: SystemProbe.memlockLimitByteCount(),
      hasInvariantTimeStampCounter: SystemProbe.hasInvariantTimeStampCounter(),
      allowedCPUs: ApusCore.allowedCPUs())
  }

  private static func eventLoopBackend() -> EventLoopBackend {
    do throws(IOError) {
      return try EventLoop.make(
        EventLoopConfiguration(socketCountMax: 1, receiveBufferCount: 1, sendBufferCount: 1)
      ).backend
    } catch {
      return EventLoopBackend(.epoll, reason: "\(error)")
    }
  }
}
