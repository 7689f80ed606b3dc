// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stdint.h>

// Why C: libnuma warns on standard error and hands out memory anyway when it is asked for a node
// that does not exist, so the node is checked first.

/// Number of NUMA nodes with memory; 1 where the kernel has no NUMA support.
int capus_numa_node_count(void);

/// Binds a mapping to a node. 0, or -errno: ENODEV for a node that does not exist.
int capus_numa_bind(void *address, uint64_t byteCount, int node);
