// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include "ck_ring_elements.h"

#include <ck_ring.h>
#include <stdlib.h>

struct element_8 { uint64_t words[1]; };
struct element_64 { uint64_t words[8]; };
CK_RING_PROTOTYPE(8, element_8)
CK_RING_PROTOTYPE(64, element_64)

struct ck_ring *ring_create(unsigned slot_count) {
    struct ck_ring *ring = aligned_alloc(128, (sizeof *ring + 127) & ~(size_t)127);
    if (ring != NULL) ck_ring_init(ring, slot_count);
    return ring;
}

#undef RING_OPERATIONS
#define RING_OPERATIONS(mode, size)                                                            \
    bool ring_enqueue_##mode##_##size(struct ck_ring *ring, void *slots, const void *entry) {  \
        return ck_ring_enqueue_##mode##_##size(ring, slots, (struct element_##size *)entry);   \
    }                                                                                          \
    bool ring_dequeue_##mode##_##size(struct ck_ring *ring, void *slots, void *entry) {        \
        return ck_ring_dequeue_##mode##_##size(ring, slots, entry);                            \
    }
RING_MODES(8)
RING_MODES(64)
