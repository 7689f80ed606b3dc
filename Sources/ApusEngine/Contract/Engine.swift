// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// A deterministic state machine fed by one sequenced stream of commands.
///
/// An engine sees nothing but `(command, time, sequence)`: equal streams give equal states and equal
/// events on every run and every machine. So the same few parts journal it, recover it, replay a
/// recording through it and test it.
///
/// ```swift
/// struct Counter: Engine {
///   var total: UInt64 = 0
///   let eventCountMax = 1
///   mutating func apply(
///     _ command: UInt64, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
///     into events: inout EventSink<UInt64>
///   ) {
///     total &+= command
///     events.emit(total)
///   }
///   …
/// }
/// ```
///
/// - Threading: one thread at a time. Queries are plain methods on that thread.
public protocol Engine: ~Copyable, SendableMetatype {
  /// Sizes and policies, validated before the engine is made.
  associatedtype Configuration
  /// What goes in. Fixed layout, without padding: the journal keeps its bytes. What is of variable length
  /// is an attachment beside it.
  associatedtype Command: BitwiseCopyable
  /// What comes out.
  associatedtype Event: BitwiseCopyable

  /// Names the engine and the layout of its snapshots: a snapshot with another one is refused.
  static var snapshotFormat: SnapshotFormat { get }

  /// A number of all that decides in a configuration what commands do: replicas, and starts of a service on its
  /// folder, are refused where it differs. Left out is what differs from host to host without an effect, such as
  /// pages or a secret. 0, the default: nothing in it decides.
  ///
  /// - Complexity: the same number in every process and release; ``StateDigest`` gives one.
  static func fingerprint(of configuration: Configuration) -> UInt64

  /// The longest attachment of a command: bytes of any length that come with it and are journaled in the
  /// same record. 0, the default: commands are all there is, and nothing is paid for attachments.
  /// Unit: bytes, up to 2^30.
  static var attachmentByteCountMax: Int { get }

  /// Whether attachments are shown to ``apply(_:attachment:at:sequence:into:)``. By default they are.
  static var attachmentUse: AttachmentUse { get }

  /// The most events that one command may emit. Constant over the life of an engine; the host keeps
  /// this much room before every command.
  var eventCountMax: Int { get }

  /// Applies one command.
  ///
  /// Reads no clock, random source, environment or global; allocates nothing after warm-up; never
  /// traps, whatever bits the command has: what cannot be done is an event that says so.
  ///
  /// - Parameters:
  ///   - command: What to do.
  ///   - attachment: What came with it, valid during the call. Shape: 0...``attachmentByteCountMax`` bytes,
  ///     which may be anything; empty where attachments are only kept.
  ///   - time: When it was sequenced; never earlier than the command before.
  ///   - sequence: Its number; greater than that of the command before.
  ///   - events: Takes up to ``eventCountMax`` events.
  mutating func apply(
    _ command: Command, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<Event>)

  /// A hash of the whole state that decides what later commands do: equal states, equal digests.
  ///
  /// - Complexity: may walk the state.
  var digest: UInt64 { get }

  /// Writes the state.
  ///
  /// - Throws: ``SnapshotError`` of the target.
  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError)

  /// An engine that was fed nothing yet.
  ///
  /// - Throws: The engine's own error, where there is no memory or the configuration cannot be.
  init(configuration: Configuration) throws

  /// An engine in the state of a snapshot, with the digest of the one that wrote it.
  ///
  /// - Throws: ``SnapshotError`` for bytes that are no such state, which may be anything.
  init(configuration: Configuration, snapshot: inout SnapshotReader) throws(SnapshotError)
}

extension Engine where Self: ~Copyable {
  /// 0: nothing in the configuration decides what commands do.
  public static func fingerprint(of configuration: Configuration) -> UInt64 { 0 }

  /// 0: most engines' commands are all there is.
  @inlinable
  public static var attachmentByteCountMax: Int { 0 }

  /// Attachments are shown.
  @inlinable
  public static var attachmentUse: AttachmentUse { .applied }

  /// Applies a command without an attachment; see ``apply(_:attachment:at:sequence:into:)``.
  @inlinable @inline(__always)
  public mutating func apply(
    _ command: Command, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<Event>
  ) {
    apply(command, attachment: RawSpan(), at: time, sequence: sequence, into: &events)
  }
}

/// What becomes of the bytes that come with a command.
@frozen
public enum AttachmentUse: UInt8, Sendable {
  /// The engine is given them: they decide what the command does.
  case applied
  /// They are journaled and replicated, and the engine is not given them: a client's raw bytes, for an audit.
  case kept
}
