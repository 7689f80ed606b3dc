// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusTLS

/// Why a connection is over.
enum LinkClosure: Equatable {
  /// The other side has closed.
  case ended
  /// The network says so.
  case failed(errno: Int32)
  /// Nothing came for too long.
  case silent
  /// A frame took too long to come, or to be taken.
  case slow
  /// It had not said who it is when too many later ones came.
  case crowdedOut
  /// The other side has not proved who it is, or bytes were changed on their way.
  case security(TLSFailure)
  /// The other side sent bytes that are no frame, or a frame that must not come.
  case fault(FrameFault)
  /// The other side does not want this one, or this one that side.
  case refused(RefusalReason)
  /// A later connection of the same standby took its place.
  case replaced
}
