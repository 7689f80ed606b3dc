// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What a process says with its exit code.
public enum ExitCode: Int32, Sendable {
  /// All went well.
  case good = 0
  /// The work failed: an output could not be written, a verification did not hold.
  case failed = 1
  /// The command line asks for something that cannot be.
  case badUsage = 2
  /// The input is missing, unreadable, foreign or damaged; what was read before it is reported.
  case badInput = 3
}

/// A command line that cannot be carried out.
public struct UsageError: Error, CustomStringConvertible, Sendable {
  /// One line: what is wrong and what to do.
  public var description: String

  /// An error with this line.
  public init(_ description: String) { self.description = description }
}

/// Input that cannot be read or is damaged.
public struct InputError: Error, CustomStringConvertible, Sendable {
  /// One line: the input, where, what is wrong and what to do.
  public var description: String

  /// An error with this line.
  public init(_ description: String) { self.description = description }
}

/// An output or a step of the work that failed.
public struct WorkError: Error, CustomStringConvertible, Sendable {
  /// One line: what failed and what to do.
  public var description: String

  /// An error with this line.
  public init(_ description: String) { self.description = description }
}
