// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stdint.h>

// Why C: who loads an echo server must be the same, and as cheap, for servers in Swift and in C.

typedef struct capus_load capus_load;

/// Begins to load an echo server at 127.0.0.1 from a thread of its own: `peer_count` connections or UDP
/// sockets, each with `window` messages of `byte_count` bytes under way, until `message_count` have come back.
/// `cpu` below 0 leaves the thread free. NULL where no thread can be had.
capus_load *capus_load_begin(int datagrams, uint16_t port, unsigned peer_count, unsigned byte_count,
                             unsigned window, uint64_t message_count, int cpu);
/// Whether all messages have come back, and the sockets are closed.
int capus_load_is_done(const capus_load *load);
/// Waits for the end. How many messages came back as they were sent.
uint64_t capus_load_end(capus_load *load);
/// A CPU that this process may use and that is not this one; -1 for none.
int capus_load_other_cpu(int cpu);
