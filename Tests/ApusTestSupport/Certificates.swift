// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Foundation
internal import Synchronization

/// The command of OpenSSL, which makes certificates and is the other implementation.
public enum OpenSSLCommand {
  /// Nil where the command is absent.
  public static let path: String? = ["/usr/bin/openssl", "/usr/local/bin/openssl", "/bin/openssl"]
    .first { FileManager.default.isExecutableFile(atPath: $0) }

  /// What it said.
  public struct Failure: Error {
    /// The text.
    public var text: String
  }

  /// Runs it to its end.
  public static func run(_ arguments: [String]) throws {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path ?? "")
    process.arguments = arguments
    process.standardInput = FileHandle.nullDevice
    process.standardOutput = FileHandle.nullDevice
    let errors = Pipe()
    process.standardError = errors
    try process.run()
    let text = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
    process.waitUntilExit()
    guard process.terminationStatus == 0 else {
      throw Failure(text: "openssl \(arguments.joined(separator: " ")): \(text)")
    }
  }
}

/// An authority, and those it has given certificates to, in a folder of the test's own.
public final class Certificates: Sendable {
  /// Where they are.
  public let folder: ScratchFolder

  init() throws {
    folder = try ScratchFolder()
    try makeAuthority("authority")
    try makeAuthority("stranger")
    try make("server", "DNS:node.test,IP:127.0.0.1")
    try make("client", "DNS:client.test")
    try make("expired", "DNS:node.test", days: -1)
    try make("foreign", "DNS:node.test", authority: "stranger")
  }

  /// The same for tests that run at the same time; the folder goes with the last of them.
  public static func shared() throws -> Certificates {
    try made.withLock { made in
      if let certificates = made.certificates { return certificates }
      let certificates = try Certificates()
      made.certificates = certificates
      return certificates
    }
  }

  private struct Made {
    weak var certificates: Certificates?
  }

  private static let made = Mutex(Made())

  /// A file of the folder: NAME.pem, NAME.key.
  public func path(_ name: String) -> String { folder.path(name) }

  static let newKey = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]

  private func makeAuthority(_ name: String) throws {
    try OpenSSLCommand.run(
      ["req", "-x509"] + Self.newKey + [
        "-keyout", path("\(name).key"), "-out", path("\(name).pem"), "-subj", "/CN=\(name)",
        "-days", "2",
      ])
  }

  private func make(
    _ name: String, _ names: String, authority: String = "authority", days: Int = 2
  ) throws {
    try OpenSSLCommand.run(
      ["req"] + Self.newKey + [
        "-keyout", path("\(name).key"), "-out", path("\(name).csr"), "-subj", "/O=Apus/CN=\(name)",
      ])
    let extensions = try folder.write("\(name).cnf", "subjectAltName=\(names)\n")
    try OpenSSLCommand.run([
      "x509", "-req", "-in", path("\(name).csr"), "-CA", path("\(authority).pem"), "-CAkey",
      path("\(authority).key"), "-CAcreateserial", "-days", "\(days)", "-extfile", extensions,
      "-out", path("\(name).pem"),
    ])
  }
}
