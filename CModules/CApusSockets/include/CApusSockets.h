// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <poll.h>
#include <stdint.h>

// Why C: ppoll is a GNU extension that Swift's overlay of the C library leaves out, and poll counts
// in milliseconds, which is several commits of a disk.

/// Waits until a descriptor is ready or the time is over. How many are ready, or -errno.
int capus_poll(struct pollfd *_Nonnull descriptors, uint32_t count, uint64_t nanoseconds);
