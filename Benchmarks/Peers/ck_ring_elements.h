// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// ConcurrencyKit's header is C only. What the driver calls of it is compiled as C and inlined at link time (-flto).

#pragma once

#include <stdbool.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

struct ck_ring;

// A ring without slots, aligned; NULL without memory. It lives as long as the process.
struct ck_ring *ring_create(unsigned slot_count);

#define RING_OPERATIONS(mode, size)                                                   \
    bool ring_enqueue_##mode##_##size(struct ck_ring *ring, void *slots, const void *entry); \
    bool ring_dequeue_##mode##_##size(struct ck_ring *ring, void *slots, void *entry);
#define RING_MODES(size)        \
    RING_OPERATIONS(spsc, size) \
    RING_OPERATIONS(mpsc, size) \
    RING_OPERATIONS(mpmc, size)
RING_MODES(8)
RING_MODES(64)

#ifdef __cplusplus
}
#endif
