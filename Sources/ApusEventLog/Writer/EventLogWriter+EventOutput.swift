// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

public import ApusHost

// The only file that names the host's side.
extension EventLogWriter: EventOutput {}
