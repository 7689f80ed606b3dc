// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stddef.h>
#include <stdint.h>

// Why C: the ring is a struct of pointers into memory shared with the kernel, and liburing's
// barriers are macros that Swift cannot import. Calls return 0 or a count, or -errno.
//
// Whatever a call that submits returns, no entry stays in the queue: what the kernel has not taken was
// withdrawn. A descriptor may be closed only after the completions of what it has taken: the kernel
// looks a linked entry's descriptor up when the entry before it has ended.

typedef struct capus_uring capus_uring;

/// Sets up a ring. The kernel may refuse (ENOSYS, EPERM, ENOMEM).
int capus_uring_create(capus_uring *_Nullable *_Nonnull ring, unsigned entry_count);
void capus_uring_destroy(capus_uring *_Nullable ring);

/// Submits one write: 1. `tag` comes back with its completion.
int capus_uring_write(capus_uring *_Nonnull ring, int descriptor, const void *_Nonnull bytes,
                      uint32_t byte_count, uint64_t offset, uint64_t tag);

/// Submits a write and an fdatasync that runs only when the write was complete: a short or failed
/// write completes the other with -ECANCELED. Returns how many of the two the kernel has taken: after
/// 1 the write runs alone, and nothing is made durable.
int capus_uring_write_then_sync(capus_uring *_Nonnull ring, int descriptor,
                                const void *_Nonnull bytes, uint32_t byte_count, uint64_t offset,
                                uint64_t write_tag, uint64_t sync_tag);

/// Takes one completion: 1 when there was one, 0 when there is none yet. With `wait` it blocks for
/// one; -EINTR when a signal came first.
int capus_uring_next(capus_uring *_Nonnull ring, int wait, uint64_t *_Nonnull tag,
                     int32_t *_Nonnull result);

// Two things of the file system that Swift's overlay of the C library leaves out.

/// Takes the space for a file of this length.
int capus_file_allocate(int descriptor, uint64_t byte_count);

/// The open flag for writes past the page cache.
int capus_open_direct_flag(void);
