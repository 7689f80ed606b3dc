import ApusServiceKit
import Foundation
import Seats

/// Runs until SIGTERM or Ctrl-C: `SeatService seats.json5`
@main
enum SeatService {
  static func main() {
    // Blocked before there are other threads, so that only `sigtimedwait` below takes them.
    var signals = sigset_t()
    sigemptyset(&signals)
    sigaddset(&signals, SIGTERM)
    sigaddset(&signals, SIGINT)
    pthread_sigmask(SIG_BLOCK, &signals, nil)
    do {
      let path = CommandLine.arguments.dropFirst().first ?? "seats.json5"
      let service = try EngineService<SeatEngine>.start(
        engine: .init(seatCount: 200), configuration: .read(path: path),
        // Here, where the engine is known, the compiler makes the host's loop for it.
        launch: { host, cpuIndex throws(ThreadError) in
          try EngineThread.start(host, name: "apus-host", cpuIndex: cpuIndex)
        })
      print(service.recovery.description)
      print("serving \(service.folder.path)")
      fflush(nil)
      var pause = timespec(tv_sec: 0, tv_nsec: 100_000_000)
      while service.isServing, sigtimedwait(&signals, nil, &pause) < 0 {}
      try service.stop()
      for problem in service.status.problems { print(problem) }
      print("everything up to command \(service.status.acknowledgedSequence) is on the disk")
    } catch {
      print("SeatService: \(error)")
      exit(1)
    }
  }
}
