// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// Who imports a product can name what its interface names.
@_exported public import ApusIO
@_exported public import ApusJournal
@_exported public import ApusTLS
