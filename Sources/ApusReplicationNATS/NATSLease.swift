// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusReplication
internal import CApusNATS

/// Which lease of which server, and how it is kept.
public struct NATSLeaseConfiguration: Sendable {
  /// For example `nats://127.0.0.1:4222`; several servers of a cluster separated by commas.
  public var url: String
  /// The key-value bucket; it is made where it is missing, and its values live for the time to live.
  public var bucket: String
  /// The lease's name in the bucket: letters, digits, `-`, `_` and `/`.
  public var key: String
  /// This candidate, for people who look into the bucket.
  public var candidate: String
  /// The lease ends so long after its last renewal. Unit: nanoseconds.
  public var timeToLiveNanoseconds: UInt64
  /// The holder takes it for ended so much earlier than the server does: for clocks of different
  /// speed. Unit: nanoseconds.
  public var marginNanoseconds: UInt64
  /// Longest wait for one answer. Unit: milliseconds.
  public var timeoutMilliseconds: Int
  /// Copies of the bucket in a cluster.
  public var replicaCount: Int

  /// A configuration.
  public init(
    url: String, bucket: String, key: String, candidate: String, timeToLiveNanoseconds: UInt64,
    marginNanoseconds: UInt64? = nil, timeoutMilliseconds: Int? = nil, replicaCount: Int = 1
  ) {
    self.url = url
    self.bucket = bucket
    self.key = key
    self.candidate = candidate
    self.timeToLiveNanoseconds = timeToLiveNanoseconds
    self.marginNanoseconds = marginNanoseconds ?? timeToLiveNanoseconds / 4
    self.timeoutMilliseconds =
      timeoutMilliseconds ?? max(1, Int(clamping: timeToLiveNanoseconds / 4_000_000))
    self.replicaCount = replicaCount
  }

  func validate() throws(ReplicationError) {
    func check(_ holds: Bool, _ field: String, _ value: String, _ expected: String)
      throws(ReplicationError)
    {
      if !holds { throw .configuration(field: field, value: value, expected: expected) }
    }
    try check(
      (200_000_000...86_400_000_000_000).contains(timeToLiveNanoseconds), "timeToLiveNanoseconds",
      "\(timeToLiveNanoseconds)", "200 ms to a day")
    try check(
      marginNanoseconds <= timeToLiveNanoseconds / 2, "marginNanoseconds", "\(marginNanoseconds)",
      "half the time to live or less")
    try check(
      timeoutMilliseconds > 0
        && UInt64(clamping: timeoutMilliseconds) <= timeToLiveNanoseconds / 2_000_000,
      "timeoutMilliseconds", "\(timeoutMilliseconds)", "1 to half the time to live")
    try check((1...5).contains(replicaCount), "replicaCount", "\(replicaCount)", "1 to 5")
    try check(Self.isName(bucket, and: "-_"), "bucket", bucket, "letters, digits, - and _")
    try check(Self.isName(key, and: "-_/"), "key", key, "letters, digits, -, _ and /")
    try check(
      !candidate.isEmpty && candidate.utf8.count <= 256, "candidate", candidate,
      "1 to 256 bytes of text")
    try check(!url.isEmpty, "url", url, "nats://HOST:PORT")
  }

  private static func isName(_ text: String, and others: String) -> Bool {
    !text.isEmpty
      && text.unicodeScalars.allSatisfy {
        ("a"..."z").contains($0) || ("A"..."Z").contains($0) || ("0"..."9").contains($0)
          || others.unicodeScalars.contains($0)
      }
  }
}

/// A lease in a key-value bucket of NATS JetStream.
///
/// The value lives for the bucket's time to live after each write. Whoever creates it leads; its
/// revision then is the epoch, and grows with every creation because it is the bucket's count of
/// writes. The holder replaces it by compare-and-set with the last revision. It counts the time to
/// live from before each request, so that it takes the lease for ended before the server does.
///
/// A bucket that was deleted counts from the beginning: its epochs are refused as stale by replicas
/// that have seen greater ones. Keep the server's data.
@safe
public final class NATSLease: LeaderLease {
  /// How it is kept.
  public let configuration: NATSLeaseConfiguration
  /// What is known.
  public private(set) var status = LeaseStatus.notHeld
  /// Who holds it, where somebody else does: the candidate's name.
  public private(set) var holder: String?

  private var store: OpaquePointer?
  /// Tells this object's values from those of another one with the same name.
  private let nonce = UInt64.random(in: 1...UInt64.max)
  /// What is held; nil where nothing is.
  private var claim: Claim?
  private var nextAttempt = Nanoseconds.zero

  private struct Claim {
    var epoch: UInt64
    var revision: UInt64
    var until: Nanoseconds
    var renewal: Nanoseconds
  }

  /// A candidate; it connects with the first step.
  ///
  /// - Throws: ``ReplicationError/configuration(field:value:expected:)``.
  public init(configuration: NATSLeaseConfiguration) throws(ReplicationError) {
    try configuration.validate()
    self.configuration = configuration
  }

  deinit {
    // SAFETY: nobody else has the store.
    unsafe capus_nats_close(store)
  }

  /// Takes, renews or loses the lease. Waits for the server up to three times the time-out.
  public func step(now: Nanoseconds) -> LeaseStatus {
    if let claim, now >= claim.until { lose(.notHeld) }
    if claim == nil, now < nextAttempt { return status }
    if let claim, now < claim.renewal { return status }
    guard connect(now) else { return status }
    if claim == nil { take(now) } else { renew(now) }
    return status
  }

  /// Ends the lease at the server, if it is reached in time.
  public func release() {
    guard let claim, let store = unsafe store else { return lose(.notHeld) }
    // An empty value of the same lease: the next candidate may replace it at once. Deleting is no
    // compare-and-set, and could take what another one has by now.
    var revision: UInt64 = 0
    _ = unsafe capus_nats_update(store, configuration.key, "-", 1, claim.revision, &revision)
    lose(.notHeld)
  }

  // MARK: Steps

  private func lose(_ status: LeaseStatus) {
    claim = nil
    self.status = status
  }

  /// So much later; the last point in time where there is none so late.
  private static func time(_ now: Nanoseconds, _ nanoseconds: UInt64) -> Nanoseconds {
    let (sum, overflows) = now.rawValue.addingReportingOverflow(nanoseconds)
    return Nanoseconds(overflows ? .max : sum)
  }

  private func later(_ now: Nanoseconds, _ share: UInt64) -> Nanoseconds {
    Self.time(now, configuration.timeToLiveNanoseconds / share)
  }

  /// Connects where that was not done, and holds the bucket to the configuration.
  private func connect(_ now: Nanoseconds) -> Bool {
    if unsafe store != nil { return true }
    nextAttempt = later(now, 8)
    var made: OpaquePointer?
    let timeToLive = Int64(configuration.timeToLiveNanoseconds)
    // SAFETY: `made` receives the store, which `deinit` closes.
    let result = unsafe capus_nats_open(
      &made, configuration.url, configuration.bucket, timeToLive,
      Int32(configuration.replicaCount), Int64(configuration.timeoutMilliseconds))
    guard result == 0, let opened = unsafe made else {
      status = .unknown(reason: "\(configuration.url): \(Self.text(result))")
      return false
    }
    let found = unsafe capus_nats_ttl(opened)
    guard found == timeToLive else {
      unsafe capus_nats_close(opened)
      status = .unknown(
        reason: "bucket \(configuration.bucket) keeps values for \(found) ns and this candidate "
          + "expects \(timeToLive); give all candidates the same time to live, or another bucket")
      return false
    }
    unsafe store = unsafe opened
    return true
  }

  private func take(_ now: Nanoseconds) {
    nextAttempt = later(now, 8)
    var revision: UInt64 = 0
    switch write(epoch: 0, over: nil, &revision) {
    case 0: hold(epoch: revision, revision: revision, since: now)
    case CAPUS_NATS_CONFLICT: look(now)
    case let result: status = .unknown(reason: "\(configuration.url): \(Self.text(result))")
    }
  }

  private func renew(_ now: Nanoseconds) {
    guard var current = claim else { return }
    var revision: UInt64 = 0
    switch write(epoch: current.epoch, over: current.revision, &revision) {
    case 0: hold(epoch: current.epoch, revision: revision, since: now)
    case CAPUS_NATS_CONFLICT: look(now)
    default:
      // Held until its end all the same; tried again well before.
      current.renewal = later(now, 16)
      claim = current
    }
  }

  private func hold(epoch: UInt64, revision: UInt64, since start: Nanoseconds) {
    let length = configuration.timeToLiveNanoseconds - configuration.marginNanoseconds
    let until = Self.time(start, length)
    claim = Claim(epoch: epoch, revision: revision, until: until, renewal: later(start, 4))
    holder = nil
    status = .held(epoch: epoch, until: until)
  }

  /// Looks who has it after a write was refused: another one, or this one by a write whose answer
  /// was lost.
  private func look(_ now: Nanoseconds) {
    guard let store = unsafe store else { return }
    var bytes = [UInt8](repeating: 0, count: 512)
    var byteCount: Int32 = 0
    var revision: UInt64 = 0
    // SAFETY: the array has as many bytes as the call is told.
    let result = unsafe capus_nats_get(
      store, configuration.key, &bytes, Int32(bytes.count), &byteCount, &revision)
    guard result == 0 else {
      if result == CAPUS_NATS_NONE {
        // It ended between the two; the next step may take it.
        lose(.notHeld)
        nextAttempt = now
      } else if claim == nil {
        status = .unknown(reason: "\(configuration.url): \(Self.text(result))")
      }
      return
    }
    let found = bytes.prefix(max(0, min(Int(byteCount), bytes.count)))
    let value = LeaseValue(found)
    if let value, value.nonce == nonce {
      guard value.canStand(atRevision: revision) else {
        lose(
          .unknown(
            reason: "the value of \(configuration.key) has epoch \(value.epoch) at revision "
              + "\(revision); look who writes to bucket \(configuration.bucket)"))
        return
      }
      // The write that was answered with silence. When it was done is not known, so the end stays.
      var written: UInt64 = 0
      let epoch = value.epoch == 0 ? revision : value.epoch
      if write(epoch: epoch, over: revision, &written) == 0 {
        hold(epoch: epoch, revision: written, since: now)
      }
      return
    }
    lose(.notHeld)
    holder = value?.candidate
    guard value == nil, found.elementsEqual([0x2D]) else { return }
    // Given up: whoever replaces it leads.
    var written: UInt64 = 0
    if write(epoch: 0, over: revision, &written) == 0 {
      hold(epoch: written, revision: written, since: now)
    }
  }

  private func write(epoch: UInt64, over last: UInt64?, _ revision: inout UInt64) -> Int32 {
    guard let store = unsafe store else { return -1 }
    let value = LeaseValue(epoch: epoch, nonce: nonce, candidate: configuration.candidate).bytes
    // SAFETY: the array has as many bytes as the call is told.
    if let last {
      return unsafe capus_nats_update(
        store, configuration.key, value, Int32(value.count), last, &revision)
    }
    return unsafe capus_nats_create(
      store, configuration.key, value, Int32(value.count), &revision)
  }

  private static func text(_ status: Int32) -> String {
    // SAFETY: the text is a constant of the library.
    unsafe String(cString: capus_nats_text(status))
  }
}

/// What the key holds: `EPOCH NONCE CANDIDATE`, so that people can read it. The epoch is 0 in the
/// value that creates the lease, since its revision is not known then.
struct LeaseValue: Equatable {
  var epoch: UInt64
  var nonce: UInt64
  var candidate: String

  init(epoch: UInt64, nonce: UInt64, candidate: String) {
    self.epoch = epoch
    self.nonce = nonce
    self.candidate = candidate
  }

  /// Nil for bytes that are no such value.
  init?(_ bytes: some Sequence<UInt8>) {
    let parts = String(decoding: Array(bytes), as: UTF8.self).split(
      separator: " ", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let epoch = UInt64(parts[0]), let nonce = UInt64(parts[1]) else {
      return nil
    }
    self.init(epoch: epoch, nonce: nonce, candidate: String(parts[2]))
  }

  /// Whether a lease can have written it: its epoch is the count of writes when it was taken.
  func canStand(atRevision revision: UInt64) -> Bool { epoch <= revision }

  var bytes: [UInt8] { Array("\(epoch) \(nonce) \(candidate)".utf8) }
}
