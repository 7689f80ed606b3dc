// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCapture
internal import Foundation

/// Ends the process at an interrupt as usual, once what is not finished was removed.
///
/// The signals are blocked, and a thread of their own waits for them: it may do what no signal handler
/// may. It then dies of the signal, so that a shell sees what it expects (130 after Ctrl-C).
public enum Interruption {
  /// Watches from now on.
  ///
  /// - Parameter endRequest: What the first signal becomes, once somebody waits for it; the second one
  ///   ends the process as usual.
  /// - Precondition: Called before the process has a second thread, which inherits what is blocked.
  public static func watch(_ endRequest: EndRequest) {
    var signals = sigset_t()
    unsafe sigemptyset(&signals)
    // What the caller has ignored (nohup, a job in the background) stays ignored.
    for number in [SIGINT, SIGTERM, SIGHUP] where !isIgnored(number) {
      unsafe sigaddset(&signals, number)
    }
    unsafe pthread_sigmask(SIG_BLOCK, &signals, nil)
    let watched = signals
    Thread.detachNewThread {
      var waited = watched
      var number: CInt = 0
      // SAFETY: both live during the call.
      while unsafe sigwait(&waited, &number) != 0 {}
      if endRequest.isAwaited {
        endRequest.request()
        while unsafe sigwait(&waited, &number) != 0 {}
      }
      Leftovers.removeAll()
      signal(number, SIG_DFL)
      unsafe pthread_sigmask(SIG_UNBLOCK, &waited, nil)
      raise(number)
    }
  }

  private static func isIgnored(_ number: CInt) -> Bool {
    var action = sigaction()
    guard unsafe sigaction(number, nil, &action) == 0 else { return false }
    // Functions cannot be compared; their addresses can.
    let handler = unsafe unsafeBitCast(action.__sigaction_handler.sa_handler, to: Int.self)
    let ignored = unsafe unsafeBitCast(SIG_IGN, to: Int.self)
    return handler == ignored
  }

  /// Opens what of the three standard descriptors is closed, the wrong way round: a file opened later
  /// would get its number, and the answer would be written into it.
  public static func occupyStandardDescriptors() {
    for number in STDIN_FILENO...STDERR_FILENO where fcntl(number, F_GETFD) < 0 {
      _ = unsafe open("/dev/null", number == STDIN_FILENO ? O_WRONLY : O_RDONLY)
    }
  }
}
