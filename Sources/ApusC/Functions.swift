// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols
internal import ApusTrading
public import CApus

// The whole of what each function promises stands in `apus.h`, for those who call it; the compiler
// checks these against its declarations. `apus_version` is in C, beside the macro that it returns.

/// Makes an engine, or writes why there is none.
@c @implementation
public func apus_engine_create(
  _ configuration: UnsafePointer<apus_configuration>?, _ error: UnsafeMutablePointer<CChar>?,
  _ error_size: Int
) -> OpaquePointer? {
  var limits = apus_configuration()
  limits.size = UInt64(MemoryLayout<apus_configuration>.size)
  if let configuration = unsafe configuration {
    // SAFETY: the caller's; the first member is read alone, since it says how long the rest is.
    let size = unsafe UnsafeRawPointer(configuration).load(as: UInt64.self)
    if size == limits.size {
      limits = unsafe configuration.pointee
    } else {
      limits.size = size
    }
  }
  do {
    let handle = try EngineHandle(EmbeddedEngine(limits: EngineLimits(limits)))
    return unsafe OpaquePointer(Unmanaged.passRetained(handle).toOpaque())
  } catch let failure {
    unsafe copy(failure.description, to: error, byteCount: error_size)
    return nil
  }
}

/// Frees an engine.
@c @implementation
public func apus_engine_destroy(_ engine: OpaquePointer?) {
  guard let engine = unsafe engine else { return }
  // SAFETY: made by `apus_engine_create` and, as the caller promises, not yet destroyed.
  unsafe Unmanaged<EngineHandle>.fromOpaque(UnsafeRawPointer(engine)).release()
}

/// Applies a command; returns an `apus_status`.
@c @implementation
public func apus_engine_submit(
  _ engine: OpaquePointer?, _ command: UnsafePointer<apus_command>?, _ time_nanoseconds: UInt64
) -> CInt {
  guard let engine = unsafe engine, let command = unsafe command else {
    return CInt(APUS_NULL_ARGUMENT.rawValue)
  }
  // SAFETY: equal layouts, asserted in the header; any bytes are a command. Unaligned, since the
  // caller may have it in a buffer of a wire.
  let bytes = unsafe UnsafeRawPointer(command).loadUnaligned(as: MatchingCommand.self)
  return unsafe withEngine(engine) { CInt($0.submit(bytes, at: time_nanoseconds).rawValue) }
}

/// Takes out the oldest events; returns how many.
@c @implementation
public func apus_engine_poll(
  _ engine: OpaquePointer?, _ events: UnsafeMutablePointer<apus_event>?,
  _ sequences: UnsafeMutablePointer<UInt64>?, _ max: Int
) -> Int {
  guard let engine = unsafe engine, let events = unsafe events else { return 0 }
  let places = UnsafeMutableRawPointer(events)
  // `max` is a size_t: what is negative here is more than can ever wait.
  let countMax = max < 0 ? Int.max : max
  return unsafe withEngine(engine) { engine in
    var index = 0
    return engine.poll(countMax) { sequenced in
      // SAFETY: index < max, for which the caller has room; equal layouts, asserted in the header.
      unsafe places.storeBytes(
        of: sequenced.event, toByteOffset: index &* MemoryLayout<apus_event>.stride,
        as: MatchingEvent.self)
      if let sequences = unsafe sequences { unsafe sequences[index] = sequenced.sequence }
      index &+= 1
    }
  }
}

/// The best displayed price of a side; returns an `apus_status`.
@c @implementation
public func apus_engine_best(
  _ engine: OpaquePointer?, _ instrument: UInt16, _ side: UInt8,
  _ level: UnsafeMutablePointer<apus_level>?
) -> CInt {
  guard let engine = unsafe engine, let level = unsafe level else {
    return CInt(APUS_NULL_ARGUMENT.rawValue)
  }
  guard let side = Side(rawValue: side) else { return CInt(APUS_BAD_SIDE.rawValue) }
  guard
    let best = unsafe withEngine(engine, { $0.best(side, instrument: instrument) })
  else { return CInt(APUS_EMPTY.rawValue) }
  // SAFETY: the caller's.
  unsafe level.pointee = apus_level(
    price: best.priceTicks, order_count: UInt32(clamping: best.orderCount),
    quantity: best.quantity)
  return CInt(APUS_OK.rawValue)
}

/// Sequence of the last command taken.
@c @implementation
public func apus_engine_sequence(_ engine: OpaquePointer?) -> UInt64 {
  guard let engine = unsafe engine else { return 0 }
  return unsafe withEngine(engine) { $0.sequence }
}

/// Hash of the state.
@c @implementation
public func apus_engine_digest(_ engine: OpaquePointer?) -> UInt64 {
  guard let engine = unsafe engine else { return 0 }
  return unsafe withEngine(engine) { $0.digest }
}

/// Calls `body` with the engine behind a handle, without counting the reference: the caller's
/// handle keeps it.
@inline(__always)
private func withEngine<Result>(
  _ handle: OpaquePointer, _ body: (inout EmbeddedEngine) -> Result
) -> Result {
  // SAFETY: made by `apus_engine_create` and, as the caller promises, not yet destroyed.
  unsafe Unmanaged<EngineHandle>.fromOpaque(UnsafeRawPointer(handle))
    ._withUnsafeGuaranteedRef { unsafe body(&$0.engine) }
}
