// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusIO
internal import ApusBench
internal import ApusCommandKit
internal import ApusThreads

// An echo server on an event loop: what its thread needs of its CPU for a message, with the kernel's part.
// The load is a thread in C on another CPU. With two CPUs the server has one and its load the other, which
// also works for everything else that runs: times of the server's own thread are the steadiest figure.
extension BenchmarkSuite {
  static let ioTCP = BenchmarkSuite(
    name: "io.tcp", makeCases: { try ioCases($0, isDatagrams: false) },
    makePeerArguments: ioPeerArguments)
  static let ioUDP = BenchmarkSuite(
    name: "io.udp", makeCases: { try ioCases($0, isDatagrams: true) },
    makePeerArguments: ioPeerArguments)

  @Sendable private static func ioPeerArguments(
    _ configuration: BenchmarkConfiguration
  ) -> PeerArguments {
    PeerArguments(words: ["--size", configuration.size("full", smoke: "smoke")])
  }

  private static func ioCases(
    _ configuration: BenchmarkConfiguration, isDatagrams: Bool
  ) throws -> [BenchmarkCase] {
    let cpu = configuration.cpuIndex ?? allowedCPUs().last ?? 0
    // What a loop gets when it may choose: where that is epoll, io_uring is denied here.
    let best = try EventLoop.make(
      EventLoopConfiguration(socketCountMax: 1, receiveBufferCount: 1, sendBufferCount: 1)
    ).backend.kind
    let choices: [EventLoopChoice] = best == .ioUring ? [.ioUring, .epoll] : [.epoll]
    return choices.map { choice in
      let shape = IOEcho.Shape(
        isDatagrams: isDatagrams, choice: choice,
        messageCount: configuration.size(100_000, smoke: 5_000))
      return ioCase(shape, cpu: cpu)
    }
  }

  private static func ioCase(_ shape: IOEcho.Shape, cpu: Int) -> BenchmarkCase {
    let backend = shape.choice == .epoll ? "epoll" : "ioUring"
    let sample = IOSample()
    var one = BenchmarkCase(
      name: "io.\(shape.isDatagrams ? "udp" : "tcp").\(backend)",
      operationCount: shape.measuredCount,
      prepare: { sample.begin(shape, cpu: cpu) },
      body: {
        sample.echo?.run()
        // Every message comes back, or the load does not end.
        return shape.messageCount
      },
      finish: { sample.finish() })
    one.measured = { (sample.echo?.cpuNanoseconds ?? 0) / Double(shape.measuredCount) }
    one.failure = { sample.failure }
    // It waits for its load.
    one.sleeps = true
    return one
  }

  /// The server of the sample that is taken.
  private final class IOSample {
    private(set) var echo: IOEcho?
    private(set) var failure: String?

    func begin(_ shape: IOEcho.Shape, cpu: Int) {
      failure = nil
      do throws(IOError) {
        let echo = try IOEcho(shape, cpu: cpu)
        echo.warmUp()
        self.echo = echo
      } catch {
        failure = "\(error)"
      }
    }

    func finish() {
      guard let echo else { return }
      echo.finish()
      if !echo.isWhole { failure = "not every message came back as it was sent" }
      self.echo = nil
    }
  }
}
