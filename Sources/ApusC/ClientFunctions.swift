// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusClient
internal import ApusTrading
public import CApus

/// What is behind an `apus_client`: gives the client the address that C holds.
private final class ClientHandle {
  typealias Client = EngineClient<MatchingCommand, MatchingEvent>

  // SAFETY: callers promise one thread at a time, and nothing here calls back into them.
  @exclusivity(unchecked) var client: Client

  init(_ client: consuming Client) { unsafe self.client = client }
}

/// Connects to a service, or writes why not.
@c @implementation
public func apus_client_connect(
  _ folder: UnsafePointer<CChar>?, _ cursor: UnsafePointer<CChar>?,
  _ error: UnsafeMutablePointer<CChar>?, _ error_size: Int
) -> OpaquePointer? {
  guard let folder = unsafe folder else {
    unsafe copy(
      "folder: expected the service's data folder, not NULL", to: error, byteCount: error_size)
    return nil
  }
  // SAFETY: the caller's texts, with their NULs.
  let path = unsafe String(cString: folder)
  let name = unsafe cursor.map { unsafe String(cString: $0) }
  do throws(ClientError) {
    let handle = ClientHandle(
      try ClientHandle.Client(
        folder: path, format: MatchingEngine.snapshotFormat,
        attachmentByteCountMax: MatchingEngine.attachmentByteCountMax, cursor: name))
    return unsafe OpaquePointer(Unmanaged.passRetained(handle).toOpaque())
  } catch let failure {
    unsafe copy(failure.description, to: error, byteCount: error_size)
    return nil
  }
}

/// Gives the ring back.
@c @implementation
public func apus_client_close(_ client: OpaquePointer?) {
  guard let client = unsafe client else { return }
  // SAFETY: made by `apus_client_connect` and, as the caller promises, not yet closed.
  unsafe Unmanaged<ClientHandle>.fromOpaque(UnsafeRawPointer(client)).release()
}

/// Submits a command; returns an `apus_status`.
@c @implementation
public func apus_client_submit(
  _ client: OpaquePointer?, _ command: UnsafePointer<apus_command>?,
  _ attachment: UnsafeRawPointer?, _ attachment_size: Int
) -> CInt {
  guard let client = unsafe client, let command = unsafe command,
    unsafe attachment != nil || attachment_size == 0
  else { return CInt(APUS_NULL_ARGUMENT.rawValue) }
  // A size_t: what is negative here is longer than anything.
  guard attachment_size >= 0, attachment_size <= MatchingEngine.attachmentByteCountMax else {
    return CInt(APUS_ATTACHMENT_TOO_LONG.rawValue)
  }
  // SAFETY: equal layouts, asserted in the header; any bytes are a command.
  let bytes = unsafe UnsafeRawPointer(command).loadUnaligned(as: MatchingCommand.self)
  // SAFETY: the caller's bytes, for this call.
  let attached = unsafe RawSpan(
    _unsafeBytes: UnsafeRawBufferPointer(start: attachment, count: attachment_size))
  let outcome = unsafe withClient(client) { $0.submit(bytes, attachment: attached) }
  switch outcome {
  case .submitted: return CInt(APUS_OK.rawValue)
  case .full: return CInt(APUS_RING_FULL.rawValue)
  case .attachmentTooLong: return CInt(APUS_ATTACHMENT_TOO_LONG.rawValue)
  case .disconnected: return CInt(APUS_DISCONNECTED.rawValue)
  }
}

/// Reads the next events; returns an `apus_status`.
@c @implementation
public func apus_client_poll(
  _ client: OpaquePointer?, _ events: UnsafeMutablePointer<apus_event>?,
  _ sequences: UnsafeMutablePointer<UInt64>?, _ max: Int, _ count: UnsafeMutablePointer<Int>?
) -> CInt {
  guard let client = unsafe client, let events = unsafe events, let count = unsafe count else {
    return CInt(APUS_NULL_ARGUMENT.rawValue)
  }
  let places = UnsafeMutableRawPointer(events)
  var index = 0
  let outcome = unsafe withClient(client) { client in
    client.poll(countMax: max < 0 ? Int.max : max) { sequenced in
      // SAFETY: index < max, for which the caller has room; equal layouts, asserted in the header.
      unsafe places.storeBytes(
        of: sequenced.event, toByteOffset: index &* MemoryLayout<apus_event>.stride,
        as: MatchingEvent.self)
      if let sequences = unsafe sequences { unsafe sequences[index] = sequenced.sequence }
      index &+= 1
    }
  }
  unsafe count.pointee = index
  switch outcome {
  case .events, .nothing: return CInt(APUS_OK.rawValue)
  case .missed: return CInt(APUS_EVENTS_MISSED.rawValue)
  case .cut: return CInt(APUS_EVENTS_CUT.rawValue)
  case .failed: return CInt(APUS_LOG_UNREADABLE.rawValue)
  }
}

/// Waits for an event.
@c @implementation
public func apus_client_wait(_ client: OpaquePointer?, _ limit_nanoseconds: UInt64) -> CInt {
  guard let client = unsafe client else { return 0 }
  return unsafe withClient(client) { $0.wait(limitNanoseconds: limit_nanoseconds) } ? 1 : 0
}

/// Whether the service lives.
@c @implementation
public func apus_client_is_connected(_ client: OpaquePointer?) -> CInt {
  guard let client = unsafe client else { return 0 }
  return unsafe withClient(client) { $0.isConnected } ? 1 : 0
}

/// Takes a ring of the service that runs now; returns an `apus_status`.
@c @implementation
public func apus_client_reconnect(
  _ client: OpaquePointer?, _ error: UnsafeMutablePointer<CChar>?, _ error_size: Int
) -> CInt {
  guard let client = unsafe client else { return CInt(APUS_NULL_ARGUMENT.rawValue) }
  let failure = unsafe withClient(client) { client -> ClientError? in
    do throws(ClientError) {
      try client.reconnect()
      return nil
    } catch { return error }
  }
  guard let failure else { return CInt(APUS_OK.rawValue) }
  unsafe copy(failure.description, to: error, byteCount: error_size)
  return CInt(APUS_DISCONNECTED.rawValue)
}

/// Calls `body` with the client behind a handle; the caller's handle keeps it.
@inline(__always)
private func withClient<Result>(
  _ handle: OpaquePointer, _ body: (inout ClientHandle.Client) -> Result
) -> Result {
  // SAFETY: made by `apus_client_connect` and, as the caller promises, not yet closed.
  unsafe Unmanaged<ClientHandle>.fromOpaque(UnsafeRawPointer(handle))
    ._withUnsafeGuaranteedRef { unsafe body(&$0.client) }
}
