// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusReplication

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
  /// Epochs of this lease are above it. A bucket that is made counts from here; it keeps that for good,
  /// and one that counts from below is not led by until its epochs are above.
  ///
  /// 0 for the first bucket. After a bucket was lost, at least the greatest epoch that any replica has
  /// seen (``EpochFile/read(_:)``), the same for all candidates.
  public var epochBase: UInt64

  /// A configuration.
  public init(
    url: String, bucket: String, key: String, candidate: String, timeToLiveNanoseconds: UInt64,
    marginNanoseconds: UInt64? = nil, timeoutMilliseconds: Int? = nil, replicaCount: Int = 1,
    epochBase: UInt64 = 0
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
    self.epochBase = epochBase
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
    try check(epochBase <= 1 << 62, "epochBase", "\(epochBase)", "2^62 or less")
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
