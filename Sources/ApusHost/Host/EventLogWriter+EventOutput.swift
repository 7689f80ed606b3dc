// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusEventLog

// A log that readers follow is an output like a ring.
extension EventLogWriter: EventOutput {}
