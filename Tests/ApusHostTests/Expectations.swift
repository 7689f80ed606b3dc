// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import Testing

/// `#expect` for values that cannot be copied: the condition is evaluated outside the macro.
func expect(
  _ condition: Bool, _ comment: @autoclosure () -> Comment? = nil,
  sourceLocation: SourceLocation = #_sourceLocation
) {
  #expect(condition, comment(), sourceLocation: sourceLocation)
}
