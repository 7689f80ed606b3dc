// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

@_exported public import ApusEngine
@_exported public import ApusEventLog
@_exported public import ApusHost
@_exported public import ApusJournal
@_exported public import ApusMemory
@_exported public import ApusMetrics
@_exported public import ApusRings
@_exported public import ApusThreads
