// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusTLS
import ApusTestSupport
import Foundation
import Testing

/// A connection over the loopback interface, which waits ten seconds for bytes at most.
final class BlockingSocket {
  let descriptor: Int32

  init(_ descriptor: Int32) throws {
    guard descriptor >= 0 else { throw SocketError(operation: "socket", errno: errno) }
    self.descriptor = descriptor
    var limit = timeval(tv_sec: 10, tv_usec: 0)
    // SAFETY: the option is as long as the call is told, here and below.
    unsafe setsockopt(
      descriptor, SOL_SOCKET, SO_RCVTIMEO, &limit, socklen_t(MemoryLayout<timeval>.size))
  }

  deinit { close(descriptor) }

  struct SocketError: Error {
    var operation: String
    var errno: Int32
  }

  private static func withAddress<R>(
    _ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R
  ) -> R {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
    return unsafe withUnsafePointer(to: &address) { pointer in
      unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
      }
    }
  }

  private static func make() throws -> BlockingSocket {
    try BlockingSocket(socket(AF_INET, CInt(SOCK_STREAM.rawValue), 0))
  }

  /// Connects to a program that may still be starting.
  static func connect(_ port: UInt16) throws -> BlockingSocket {
    for _ in 0..<200 {
      let made = try make()
      let result = unsafe withAddress(port) { unsafe Glibc.connect(made.descriptor, $0, $1) }
      if result == 0 { return made }
      usleep(25_000)
    }
    throw SocketError(operation: "connect", errno: errno)
  }

  static func listen(_ port: UInt16) throws -> BlockingSocket {
    let made = try make()
    let result = unsafe withAddress(port) { unsafe bind(made.descriptor, $0, $1) }
    guard result == 0, Glibc.listen(made.descriptor, 1) == 0 else {
      throw SocketError(operation: "bind", errno: errno)
    }
    return made
  }

  /// The receive limit holds for accept too.
  func accept() throws -> BlockingSocket { try BlockingSocket(Glibc.accept(descriptor, nil, nil)) }

  func send(_ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
      let count = unsafe rest.withUnsafeBytes {
        unsafe Glibc.send(descriptor, $0.baseAddress, $0.count, CInt(MSG_NOSIGNAL))
      }
      guard count > 0 else { return }
      rest.removeFirst(count)
    }
  }

  /// Empty at the end, and where nothing came in time.
  func receive() -> [UInt8] {
    var bytes = [UInt8](repeating: 0, count: 3000)
    let count = unsafe bytes.withUnsafeMutableBytes {
      unsafe recv(descriptor, $0.baseAddress, $0.count, 0)
    }
    return Array(bytes.prefix(max(count, 0)))
  }
}

/// `openssl s_server` and `openssl s_client`, with what they print.
final class OpenSSLPeer {
  let process = Process()
  private let input = Pipe()
  private let output = Pipe()

  init(_ arguments: [String]) throws {
    process.executableURL = URL(fileURLWithPath: OpenSSLCommand.path ?? "")
    process.arguments = arguments
    process.standardInput = input
    process.standardOutput = output
    process.standardError = FileHandle.nullDevice
    try process.run()
  }

  func write(_ text: String) { input.fileHandleForWriting.write(Data(text.utf8)) }

  /// Ends its input, and waits for all that it printed.
  func finish() -> String {
    try? input.fileHandleForWriting.close()
    let text = output.fileHandleForReading.readDataToEndOfFile()
    process.waitUntilExit()
    return String(decoding: text, as: UTF8.self)
  }

  deinit {
    // A server ends for nothing less: it has the signal mask of the test's thread.
    if process.isRunning { kill(process.processIdentifier, SIGKILL) }
    process.waitUntilExit()
  }
}

/// OpenSSL's own programs at the other end of a connection.
@Suite(.serialized, .enabled(if: OpenSSLCommand.path != nil, "no openssl command"))
struct TLSInteroperabilityTests {
  static let digits = "00112233445566778899aabbccddeeff0f1e2d3c4b5a69788796a5b4c3d2e1f0"

  static func credential() throws -> TLSCredential {
    let (folder, path) = try TLSKeyFileTests.file(digits)
    defer { withExtendedLifetime(folder) {} }
    return .preSharedKey(identity: "standby", key: try TLSKeyFile.read(path))
  }

  /// Shakes hands over a socket; the bytes that came behind the handshake.
  @discardableResult
  func shakeHands(_ peer: Peer, _ socket: BlockingSocket) -> (TLSOutcome, [UInt8]) {
    var input: [UInt8] = []
    while true {
      let (progress, bytes) = peer.handshake(input, room: 1000)
      input.removeFirst(progress.consumedByteCount)
      socket.send(bytes)
      switch progress.outcome {
      case .wantsInput:
        let more = socket.receive()
        if more.isEmpty { return (peer.endOfInput(), input) }
        input += more
      case .wantsOutputSpace: continue
      default: return (progress.outcome, input)
      }
    }
  }

  /// What arrives until there are so many bytes or the connection is over.
  func receive(
    _ peer: Peer, _ socket: BlockingSocket, _ rest: [UInt8], count: Int
  ) -> ([UInt8], TLSOutcome) {
    var input = rest
    var received: [UInt8] = []
    while true {
      let (progress, bytes) = peer.receive(input)
      input.removeFirst(progress.consumedByteCount)
      received += bytes
      if received.count >= count || progress.outcome != .progressed {
        return (received, progress.outcome)
      }
      input = socket.receive()
      if input.isEmpty { return (received, peer.endOfInput()) }
    }
  }

  /// A line to a server that sends it back from its end to its beginning (`-rev`).
  func echo(_ context: TLSContext, serverName: String? = nil, port: UInt16) throws {
    let socket = try BlockingSocket.connect(port)
    let peer = try Peer(context, serverName: serverName)
    let (outcome, rest) = shakeHands(peer, socket)
    try #require(outcome == .handshakeDone, "\(outcome.text)")
    socket.send(peer.send(Array("replicated\n".utf8)).1)
    let (received, end) = receive(peer, socket, rest, count: 11)
    #expect(received == Array("detacilper\n".utf8), "\(end.text)")
    socket.send(peer.close().1)
  }

  @Test func serverWithPreSharedKey() throws {
    let (port, _) = try FreePorts.pair()
    let server = try OpenSSLPeer([
      "s_server", "-accept", "127.0.0.1:\(port)", "-tls1_3", "-nocert", "-psk", Self.digits,
      "-psk_identity", "standby", "-rev", "-quiet",
    ])
    try echo(.client(Self.credential()), port: port)
    // Another key, and another name.
    for credential in [
      .sample, TLSCredential.preSharedKey(identity: "stranger", key: .numbered(3)),
    ] {
      let socket = try BlockingSocket.connect(port)
      let peer = try Peer(.client(credential))
      let (outcome, _) = shakeHands(peer, socket)
      #expect(outcome.isWrongKey, "\(outcome.text)")
    }
    withExtendedLifetime(server) {}
  }

  @Test func serverWithCertificates() throws {
    let certificates = try Certificates.shared()
    let (port, _) = try FreePorts.pair()
    let server = try OpenSSLPeer([
      "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificates.path("server.pem"), "-key",
      certificates.path("server.key"), "-CAfile", certificates.path("authority.pem"), "-Verify",
      "1", "-verify_return_error", "-rev", "-quiet",
    ])
    // It sends tickets, which are taken and not used.
    try echo(
      TLSContext(
        TLSConfiguration(
          role: .client, credential: certificates.credential("client"),
          trust: certificates.trust(), serverName: "node.test")), port: port)
    withExtendedLifetime((server, certificates)) {}
  }

  @Test func serverOfTLS12() throws {
    let certificates = try Certificates.shared()
    let (port, _) = try FreePorts.pair()
    let server = try OpenSSLPeer([
      "s_server", "-accept", "127.0.0.1:\(port)", "-cert", certificates.path("server.pem"), "-key",
      certificates.path("server.key"), "-tls1_2", "-rev", "-quiet",
    ])
    var configuration = TLSConfiguration(
      role: .client, credential: .none, trust: certificates.trust(), serverName: "node.test",
      versionMin: .tls12)
    try echo(TLSContext(configuration), port: port)
    configuration.versionMin = .tls13
    let socket = try BlockingSocket.connect(port)
    let peer = try Peer(TLSContext(configuration))
    let (outcome, _) = shakeHands(peer, socket)
    #expect(outcome.isProtocolFault && outcome.text.contains("version"), "\(outcome.text)")
    withExtendedLifetime((server, certificates)) {}
  }

  /// A client of OpenSSL's and our server: what the server came to.
  func serve(_ context: TLSContext, _ arguments: [String]) throws -> (TLSOutcome, Peer, String) {
    let (port, _) = try FreePorts.pair()
    let listener = try BlockingSocket.listen(port)
    let client = try OpenSSLPeer(
      ["s_client", "-connect", "127.0.0.1:\(port)", "-quiet"] + arguments)
    client.write("command\n")
    let socket = try listener.accept()
    let peer = try Peer(context)
    let (outcome, rest) = shakeHands(peer, socket)
    guard outcome == .handshakeDone else {
      socket.send(peer.flush().1)
      shutdown(socket.descriptor, CInt(SHUT_RDWR))
      return (outcome, peer, client.finish())
    }
    let (received, end) = receive(peer, socket, rest, count: 8)
    #expect(received == Array("command\n".utf8), "\(end.text)")
    // Longer than a record, and the end behind it.
    socket.send(peer.send([UInt8](repeating: UInt8(ascii: "x"), count: 40_000)).1)
    socket.send(peer.close().1)
    shutdown(socket.descriptor, CInt(SHUT_WR))
    return (outcome, peer, client.finish())
  }

  @Test func clientWithPreSharedKey() throws {
    let (outcome, peer, text) = try serve(
      .server(Self.credential()),
      ["-tls1_3", "-psk", Self.digits, "-psk_identity", "standby"])
    #expect(outcome == .handshakeDone, "\(outcome.text)")
    #expect(peer.peerIdentity == .preSharedKey(identity: "standby"))
    #expect(text == String(repeating: "x", count: 40_000))
    let (refused, _, nothing) = try serve(
      .server(Self.credential()),
      ["-tls1_3", "-psk", String(Self.digits.reversed()), "-psk_identity", "standby"])
    #expect(refused.isWrongKey && nothing.isEmpty, "\(refused.text)")
  }

  @Test func clientWithCertificates() throws {
    let certificates = try Certificates.shared()
    let context = try TLSContext(
      TLSConfiguration(
        role: .server, credential: certificates.credential("server"), trust: certificates.trust(),
        versionMin: .tls12))
    let arguments = [
      "-CAfile", certificates.path("authority.pem"), "-verify_return_error", "-verify_hostname",
      "node.test", "-cert", certificates.path("client.pem"), "-key",
      certificates.path("client.key"),
    ]
    for (version, expected) in [("-tls1_3", TLSVersion.tls13), ("-tls1_2", .tls12)] {
      let (outcome, peer, text) = try serve(context, arguments + [version])
      #expect(outcome == .handshakeDone, "\(outcome.text)")
      #expect(peer.version == expected)
      #expect(peer.peerIdentity == .certificate(subject: "CN=client,O=Apus"))
      #expect(text == String(repeating: "x", count: 40_000))
    }
  }

  @Test func clientOfTLS12IsRefusedByDefault() throws {
    let certificates = try Certificates.shared()
    let context = try TLSContext(
      TLSConfiguration(role: .server, credential: certificates.credential("server")))
    let (outcome, _, text) = try serve(context, ["-tls1_2"])
    #expect(outcome.isProtocolFault && text.isEmpty)
    #expect(outcome.text.contains("unsupported protocol"), "\(outcome.text)")
  }
}
