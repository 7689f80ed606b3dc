// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEngine
public import ApusReplication
internal import CApusNATS

/// A lease in a key-value bucket of NATS JetStream.
///
/// The value lives for the bucket's time to live after each write. Whoever creates it leads; the epoch
/// is its revision then, above the base that the bucket was made with. It grows with every creation
/// because the revision is the bucket's count of writes, and no two holders have the same one because
/// the base is the bucket's and not the candidate's. The holder replaces it by compare-and-set with the last revision. It counts the time to
/// live from before each request, so that it takes the lease for ended before the server does.
///
/// A bucket that was deleted counts from the beginning. Keep the server's data; where it is lost, stop
/// all candidates, give them an ``NATSLeaseConfiguration/epochBase`` and start them again. Without it
/// the epochs are refused as stale by replicas that have seen greater ones, and a replica that has
/// seen none may be given one for the second time.
@safe
public final class NATSLease: LeaderLease {
  /// How it is kept.
  public let configuration: NATSLeaseConfiguration
  /// What is known.
  public private(set) var status = LeaseStatus.notHeld
  /// Who holds it, where somebody else does: the candidate's name.
  public private(set) var holder: String?

  /// The epoch of the first holder, in a bucket that nothing else is kept in: its first write.
  public private(set) var firstEpoch: UInt64?

  private var store: OpaquePointer?
  /// Tells this object's values from those of another one with the same name.
  private let nonce = UInt64.random(in: 1...UInt64.max)
  /// What is held; nil where nothing is.
  private var claim: Claim?
  private var nextAttempt = Nanoseconds.zero
  /// The greatest epoch that was held; a bucket that was made anew meanwhile may count from below.
  private var lastEpoch: UInt64 = 0

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

  /// Takes, renews or loses the lease. Waits for the server up to five times the time-out.
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
    unsafe giveUp(claim.revision, store)
    lose(.notHeld)
  }

  // MARK: Steps

  /// Puts an empty value in the place of an own one: the next candidate may replace it at once.
  /// Deleting is no compare-and-set, and could take what another one has by now.
  private func giveUp(_ last: UInt64, _ store: OpaquePointer) {
    var revision: UInt64 = 0
    _ = unsafe capus_nats_update(store, configuration.key, "-", 1, last, &revision)
  }

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
      Int32(configuration.replicaCount), configuration.epochBase,
      Int64(configuration.timeoutMilliseconds))
    guard result == 0, let opened = unsafe made else {
      status = .unknown(reason: "\(configuration.shownURL): \(Self.text(result))")
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
    case 0: begin(revision, since: now)
    case CAPUS_NATS_CONFLICT: look(now)
    case let result: status = .unknown(reason: "\(configuration.shownURL): \(Self.text(result))")
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

  /// Leads in the epoch of a value that was just written, where that is a new one.
  private func begin(_ revision: UInt64, since now: Nanoseconds) {
    guard let store = unsafe store, let base = base() else { return }
    let (epoch, overflows) = base.addingReportingOverflow(revision)
    let floor = max(configuration.epochBase, lastEpoch)
    guard !overflows, epoch > floor else {
      unsafe giveUp(revision, store)
      return lose(
        .unknown(
          reason: "bucket \(configuration.bucket) counts epochs from \(base) and is at revision "
            + "\(revision), but epoch \(floor) was there before; give all candidates an epochBase "
            + "above all epochs that were, and another bucket"))
    }
    firstEpoch = base + 1
    hold(epoch: epoch, revision: revision, since: now)
  }

  /// What the bucket counts from; asked for anew each time, because it may be another bucket by now.
  private func base() -> UInt64? {
    guard let store = unsafe store else { return nil }
    var base: UInt64 = 0
    let result = unsafe capus_nats_base(store, &base)
    if result == 0 { return base }
    if claim == nil { status = .unknown(reason: "\(configuration.shownURL): \(Self.text(result))") }
    return nil
  }

  private func hold(epoch: UInt64, revision: UInt64, since start: Nanoseconds) {
    let length = configuration.timeToLiveNanoseconds - configuration.marginNanoseconds
    let until = Self.time(start, length)
    claim = Claim(epoch: epoch, revision: revision, until: until, renewal: later(start, 4))
    holder = nil
    lastEpoch = max(lastEpoch, epoch)
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
        status = .unknown(reason: "\(configuration.shownURL): \(Self.text(result))")
      }
      return
    }
    let found = bytes.prefix(max(0, min(Int(byteCount), bytes.count)))
    let value = LeaseValue(found)
    if let value, value.nonce == nonce {
      guard let base = base() else { return }
      guard value.canStand(atRevision: revision, above: base) else {
        lose(
          .unknown(
            reason: "the value of \(configuration.key) has epoch \(value.epoch) at revision "
              + "\(revision); look who writes to bucket \(configuration.bucket)"))
        return
      }
      // The write that was answered with silence. When it was done is not known, so the end stays.
      var written: UInt64 = 0
      if claim == nil, value.epoch == 0 {
        if write(epoch: 0, over: revision, &written) == 0 { begin(written, since: now) }
        return
      }
      let epoch = value.epoch == 0 ? claim?.epoch ?? 0 : value.epoch
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
    if write(epoch: 0, over: revision, &written) == 0 { begin(written, since: now) }
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
