// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Which backend a loop gets.
public enum EventLoopChoice: Sendable, Equatable {
  /// io_uring where the kernel allows it, else epoll; ``EventLoop/backend`` says why.
  case automatic
  /// io_uring, or an error.
  case ioUring
  /// epoll.
  case epoll
}

extension EventLoop {
  /// Makes a loop.
  ///
  /// - Throws: ``IOError`` for a configuration that cannot be, memory or descriptors that are not there, or a
  ///   backend that was asked for and is not allowed.
  public static func make(
    _ configuration: EventLoopConfiguration, choice: EventLoopChoice = .automatic
  ) throws(IOError) -> EventLoop {
    let entryCount = 1_024
    switch choice {
    case .epoll: return try EpollLoop(configuration, reason: nil)
    case .ioUring: return try UringLoop(configuration, entryCount: entryCount)
    case .automatic:
      do throws(IOError) {
        return try UringLoop(configuration, entryCount: entryCount)
      } catch .system(let operation, _, let errno) where operation.hasPrefix("io_uring") {
        return try EpollLoop(configuration, reason: Self.explain(operation, errno))
      }
    }
  }

  private static func explain(_ operation: String, _ errno: Int32) -> String {
    let cause =
      switch errno {
      case notPermitted: "denied: by a seccomp filter, or the sysctl kernel.io_uring_disabled"
      case notImplemented: "not in this kernel, or denied by a seccomp filter"
      case tooManyFiles: "more sockets than the limit of open files allows; raise ulimit -n"
      case invalidArgument: "the kernel is older than 6.1"
      default: systemErrorText(errno)
      }
    return "\(operation) failed with errno \(errno): \(cause)"
  }
}
