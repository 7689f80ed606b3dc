// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusThreads

/// What became of the process that wrote a counter file.
public enum CounterWriterState: String, Sendable {
  /// It runs.
  case alive
  /// It has closed the file; the values are its last.
  case closed
  /// It ended without a word; the values are its last.
  case dead
  /// It cannot be seen from here: it runs in another process namespace, or `/proc` hides it.
  case unknown

  init(_ state: ProcessState) {
    switch state {
    case .alive: self = .alive
    case .dead: self = .dead
    case .unknown: self = .unknown
    }
  }
}
