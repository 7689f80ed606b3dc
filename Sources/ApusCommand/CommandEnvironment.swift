// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusCommandKit

/// Where a command answers and who asks it to end. A test gives its own.
public struct CommandEnvironment: Sendable {
  /// Where it answers.
  public var console: Console
  /// What ends a service.
  public var endRequest: EndRequest

  /// An environment.
  public init(console: Console = .standard, endRequest: EndRequest = EndRequest()) {
    self.console = console
    self.endRequest = endRequest
  }
}
