// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <apus.h>

/// A new engine of small capacities.
apus_engine *_Nullable capus_small_engine(uint64_t events_per_command, uint64_t event_capacity);

/// Drives an engine through commands, polling seven events at a time, and destroys it.
///
/// Returns events written, or SIZE_MAX when a call did not do what it should.
size_t capus_drive(
    const apus_command *_Nonnull commands, const uint64_t *_Nonnull times, size_t count,
    apus_event *_Nonnull events, uint64_t *_Nonnull sequences, size_t event_count_max,
    uint64_t *_Nonnull digest);
