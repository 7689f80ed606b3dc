// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stddef.h>
#include <stdint.h>

// Why C: libnats hands out chains of objects, each with a destroy function and options in structs of
// its own version; a lease needs six calls of them. Calls return 0, CAPUS_NATS_CONFLICT or
// CAPUS_NATS_NONE, or a negative status of libnats: capus_nats_text says what it means.

typedef struct capus_nats capus_nats;

/// The value is not as the caller thought: nothing was changed.
#define CAPUS_NATS_CONFLICT 1
/// There is no value.
#define CAPUS_NATS_NONE 2

/// Connects and opens a key-value bucket, which is made where it is missing, with `base` for good.
/// Values in it live for `ttl_nanoseconds`. Each call to the server takes `timeout_milliseconds` at most.
int capus_nats_open(capus_nats *_Nullable *_Nonnull store, const char *_Nonnull url,
                    const char *_Nonnull bucket, int64_t ttl_nanoseconds, int replicas,
                    uint64_t base, int64_t timeout_milliseconds);
void capus_nats_close(capus_nats *_Nullable store);

/// How long values live in the bucket that was opened. Unit: nanoseconds.
int64_t capus_nats_ttl(const capus_nats *_Nonnull store);

/// Asks the server for the base that the bucket was made with: 0 where it has none, UINT64_MAX where
/// it cannot be read.
int capus_nats_base(capus_nats *_Nonnull store, uint64_t *_Nonnull base);

/// Sets a value where there is none.
int capus_nats_create(capus_nats *_Nonnull store, const char *_Nonnull key,
                      const void *_Nonnull bytes, int byte_count, uint64_t *_Nonnull revision);

/// Replaces the value of revision `last`.
int capus_nats_update(capus_nats *_Nonnull store, const char *_Nonnull key,
                      const void *_Nonnull bytes, int byte_count, uint64_t last,
                      uint64_t *_Nonnull revision);

/// Copies the value, up to `capacity` bytes; its whole length comes in `byte_count`.
int capus_nats_get(capus_nats *_Nonnull store, const char *_Nonnull key, void *_Nonnull bytes,
                   int capacity, int *_Nonnull byte_count, uint64_t *_Nonnull revision);

const char *_Nonnull capus_nats_text(int status);
