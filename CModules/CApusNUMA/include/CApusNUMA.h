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

/// Memory policy of a thread: the kernel's mode and nodes, up to 1,024 of them.
typedef struct {
  int mode;
  unsigned long nodes[16];
} capus_numa_policy;

/// Reads the calling thread's policy. 0, or -errno: ENOSYS where the kernel has no NUMA support.
int capus_numa_policy_read(capus_numa_policy *policy);

/// Gives the calling thread a policy that was read. Threads that it creates inherit it.
int capus_numa_policy_write(const capus_numa_policy *policy);

/// Makes the calling thread prefer a node for the memory it touches first. 0, or -errno: ENODEV
/// for a node that does not exist.
int capus_numa_policy_prefer(int node);

/// The node that the calling thread prefers; -1 for none.
int capus_numa_policy_preferred(void);
