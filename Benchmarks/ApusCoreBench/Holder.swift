// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// Owns a non-copyable value for the closures of several cases.
///
/// Each target of suites has its own: of an internal class the compiler sees every access, and leaves the
/// checks for exclusive ones out of what is measured.
final class Holder<Value: ~Copyable> {
  var value: Value
  init(_ value: consuming Value) { self.value = value }
}
