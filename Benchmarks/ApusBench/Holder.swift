// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Owns a non-copyable value for the closures of several cases.
public final class Holder<Value: ~Copyable> {
  /// What it owns.
  public var value: Value
  /// Takes a value.
  public init(_ value: consuming Value) { self.value = value }
}
