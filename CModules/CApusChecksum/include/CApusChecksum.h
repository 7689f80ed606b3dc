// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stddef.h>
#include <stdint.h>

// Why C: the CRC32 instruction is a compiler intrinsic of one CPU family, in functions compiled for
// that family alone.

/// CRC32C (Castagnoli, RFC 3720) of the bytes, going on from `seed`; begin with 0. The fastest way
/// this CPU has is chosen once, before main.
uint32_t capus_crc32c(uint32_t seed, const void *_Nullable bytes, size_t byte_count);

/// The same without special instructions.
uint32_t capus_crc32c_software(uint32_t seed, const void *_Nullable bytes, size_t byte_count);

/// Whether the CPU's instruction is used.
int capus_crc32c_is_hardware(void);
