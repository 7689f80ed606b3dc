// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stdbool.h>
#include <stdint.h>

// Why C: the tables that the dynamic linker fills are no matter for Swift.
//
// A program that links this module keeps its allocator. Only once it asks for counting, the entries
// through which the loaded program and libraries call `malloc` and its kin lead through functions that
// count and then call the same allocator. Tests and `apus bench` ask for it; no other command does.

/// Counts heap allocations from now on, of what is loaded now. Once asked for it stays.
///
/// False where allocations are not seen all the same: the count then stays where it is.
bool capus_allocation_counting_begin(void);

/// Heap allocations made by the calling thread since counting began.
uint64_t capus_allocation_count(void);

/// Keeps a value and the memory behind it alive for the optimiser.
static inline void capus_black_hole(uint64_t value) { __asm__ volatile("" : : "r"(value) : "memory"); }
