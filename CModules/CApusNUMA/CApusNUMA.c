// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include "CApusNUMA.h"

#include <errno.h>
#include <numa.h>
#include <numaif.h>

int capus_numa_node_count(void) {
  if (numa_available() < 0) return 1;
  int count = 0;
  for (int node = 0; node <= numa_max_node(); node++)
    if (numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned)node)) count++;
  return count > 0 ? count : 1;
}

int capus_numa_bind(void *address, uint64_t byteCount, int node) {
  if (numa_available() < 0) return node == 0 ? 0 : -ENODEV;
  if (node < 0 || node > numa_max_node() ||
      !numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned)node))
    return -ENODEV;
  struct bitmask *nodes = numa_allocate_nodemask();
  numa_bitmask_setbit(nodes, (unsigned)node);
  long result = mbind(address, byteCount, MPOL_BIND, nodes->maskp, nodes->size + 1, 0);
  int error = errno;
  numa_free_nodemask(nodes);
  return result == 0 ? 0 : -error;
}
