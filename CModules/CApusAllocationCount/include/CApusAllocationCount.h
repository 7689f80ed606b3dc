// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stdint.h>

// Why C: only C can define `malloc` for the whole process. A program that links this module has
// every heap allocation counted per thread. Tests and benchmarks link it; the products do not.

/// Heap allocations made by the calling thread since it started.
uint64_t capus_allocation_count(void);

/// Keeps a value and the memory behind it alive for the optimiser.
static inline void capus_black_hole(uint64_t value) { __asm__ volatile("" : : "r"(value) : "memory"); }
