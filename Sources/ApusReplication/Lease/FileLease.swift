// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
internal import Glibc

/// A lease for candidates on one machine: who has a file locked leads.
///
/// The kernel takes the lock from a process that ends, however it ends, so that another candidate leads
/// with its next step. The file keeps the epoch; it is written, and made durable, before a holder leads.
///
/// - Non-goals: several machines. Locks over a network are not to be trusted with this: use a lease in NATS.
public final class FileLease: LeaderLease {
  /// What is known.
  public private(set) var status: LeaseStatus = .notHeld
  /// The file.
  public let path: String
  /// A file that is made counts from here.
  public var firstEpoch: UInt64? { 1 }

  private var descriptor: CInt = -1
  private static let magic = "apus-lease 1 "

  /// A candidate for the lease in a file, which is made where it is missing.
  public init(path: String) { self.path = path }

  deinit { release() }

  /// Takes the lease where nobody has it; it is held until ``release()`` or the end of the process.
  ///
  /// A holder whose file was removed or replaced holds nothing any more: another candidate would lock the
  /// new file. It lets go.
  public func step(now: Nanoseconds) -> LeaseStatus {
    guard case .held = status else {
      status = tryTake()
      return status
    }
    guard !isInPlace else { return status }
    release()
    status = .unknown(
      reason: "\(path): was removed or replaced while it was held; a new one has to begin with the "
        + "greatest epoch that a replica has seen")
    return status
  }

  /// Gives it up.
  public func release() {
    if case .held = status { status = .notHeld }
    guard descriptor >= 0 else { return }
    flock(descriptor, LOCK_UN)
    close(descriptor)
    descriptor = -1
  }

  private func tryTake() -> LeaseStatus {
    if descriptor < 0 {
      descriptor = unsafe open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0o600)
      guard descriptor >= 0 else { return unknown("open") }
    }
    guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
      return errno == EWOULDBLOCK ? .notHeld : unknown("flock")
    }
    guard isInPlace else {
      // Locked, but no longer the file of this name: the next look opens that one.
      release()
      return .notHeld
    }
    let before: UInt64
    switch readEpoch() {
    case .success(let epoch): before = epoch
    case .failure(let problem):
      flock(descriptor, LOCK_UN)
      return .unknown(reason: problem.text)
    }
    let epoch = before + 1
    guard write(epoch) else {
      let problem = unknown("write")
      flock(descriptor, LOCK_UN)
      return problem
    }
    return .held(epoch: epoch, until: Nanoseconds(.max))
  }

  /// Whether the path still names the file that is open.
  private var isInPlace: Bool {
    var (own, named) = (stat(), stat())
    // SAFETY: both are there to be written.
    return unsafe fstat(descriptor, &own) == 0 && lstat(path, &named) == 0
      && own.st_dev == named.st_dev && own.st_ino == named.st_ino
  }

  private struct Problem: Error {
    var text: String
  }

  /// The last holder's epoch; 0 for an empty file.
  private func readEpoch() -> Result<UInt64, Problem> {
    var status = stat()
    guard unsafe fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
      return .failure(Problem(text: "\(path): not a regular file; name another one"))
    }
    var bytes = [UInt8](repeating: 0, count: 64)
    // SAFETY: the array has as many bytes as the call is given.
    let count = unsafe pread(descriptor, &bytes, bytes.count, 0)
    if count == 0 { return .success(0) }
    let text = String(decoding: bytes.prefix(max(0, count)), as: UTF8.self)
    guard text.hasPrefix(Self.magic), text.hasSuffix("\n"),
      let epoch = UInt64(text.dropFirst(Self.magic.count).dropLast()), epoch < 1 << 62
    else {
      return .failure(
        Problem(
          text:
            "\(path): no lease (expected '\(Self.magic)EPOCH'); name another file, or write the "
            + "greatest epoch that a replica has seen into it"))
    }
    return .success(epoch)
  }

  private func write(_ epoch: UInt64) -> Bool {
    // Of one length for any epoch: a write that was cut short leaves no other number.
    let digits = String(epoch)
    let text =
      Self.magic + String(repeating: "0", count: max(0, 20 - digits.count)) + digits + "\n"
    var bytes = Array(text.utf8)
    // SAFETY: the array has as many bytes as the call is given.
    return unsafe pwrite(descriptor, &bytes, bytes.count, 0) == bytes.count
      && fsync(descriptor) == 0
  }

  private func unknown(_ operation: String) -> LeaseStatus {
    let number = errno
    return .unknown(
      reason: "\(path): \(operation) failed: \(unsafe String(cString: strerror(number)))")
  }
}
