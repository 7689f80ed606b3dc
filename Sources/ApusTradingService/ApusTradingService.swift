// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// Who imports a product can name what its interface names.
@_exported public import ApusCapture
@_exported public import ApusReport
@_exported public import ApusTrading
