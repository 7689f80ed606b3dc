// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// Who imports a product can name what its interface names: the contract, and `Side`, symbols and
// messages of the wire.
@_exported public import ApusEngine
@_exported public import ApusMarketProtocols
