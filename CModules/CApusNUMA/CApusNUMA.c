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

enum { POLICY_NODE_COUNT = 16 * 8 * sizeof(unsigned long) };

int capus_numa_policy_read(capus_numa_policy *policy) {
  if (numa_available() < 0) return -ENOSYS;
  const int before = errno;
  *policy = (capus_numa_policy){0};
  long result = get_mempolicy(&policy->mode, policy->nodes, POLICY_NODE_COUNT, NULL, 0);
  const int error = errno;
  errno = before;
  return result == 0 ? 0 : -error;
}

int capus_numa_policy_write(const capus_numa_policy *policy) {
  if (numa_available() < 0) return -ENOSYS;
  const int before = errno;
  // The kernel takes one off the count it is given.
  long result = set_mempolicy(policy->mode, policy->nodes, POLICY_NODE_COUNT + 1);
  const int error = errno;
  errno = before;
  return result == 0 ? 0 : -error;
}

int capus_numa_policy_prefer(int node) {
  if (numa_available() < 0) return node == 0 ? 0 : -ENODEV;
  if (node < 0 || node >= (int)POLICY_NODE_COUNT || node > numa_max_node() ||
      !numa_bitmask_isbitset(numa_all_nodes_ptr, (unsigned)node))
    return -ENODEV;
  const unsigned bits = 8 * sizeof(unsigned long);
  capus_numa_policy policy = {.mode = MPOL_PREFERRED};
  policy.nodes[(unsigned)node / bits] = 1ul << ((unsigned)node % bits);
  return capus_numa_policy_write(&policy);
}

int capus_numa_policy_preferred(void) {
  capus_numa_policy policy;
  if (capus_numa_policy_read(&policy) != 0 || policy.mode != MPOL_PREFERRED) return -1;
  const unsigned bits = 8 * sizeof(unsigned long);
  for (unsigned node = 0; node < POLICY_NODE_COUNT; node++)
    if (policy.nodes[node / bits] >> (node % bits) & 1) return (int)node;
  return -1;
}
