// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <assert.h>
#include <stddef.h>
#include <stdint.h>

// Why C: several processes map these, so their layout is fixed here and checked at compile time.
// The same layout is used inside one process. docs/formats/ring.md describes it.
//
//        0 ┌──────────────────────────────┐
//          │ capus_ring_header            │ what the ring is; written once
//      128 ├──────────────────────────────┤
//          │ capus_ring_parking           │ who sleeps; seldom written
//      256 ├──────────────────────────────┤
//          │ capus_ring_position [lines]  │ one for each end that has a position
//          ├──────────────────────────────┤
//          │ capus_ring_owner [ends]      │ which process has which end
//          ├──────────────────────────────┤ data_offset, a multiple of 4096
//          │ elements or messages         │
//          └──────────────────────────────┘

/// Two cache lines: the CPU fetches lines in pairs, so ends that share a pair disturb each other.
#define CAPUS_RING_LINE 128

/// "ApusRing" in little-endian order.
#define CAPUS_RING_MAGIC 0x676E695273757041ull

#define CAPUS_RING_VERSION 1u

/// A position with this bit set belongs to an end that was closed; the others are its last value.
#define CAPUS_RING_CLOSED (1ull << 63)

/// Set in a parking word while somebody sleeps on it; the other bits count wakes.
#define CAPUS_RING_SLEEPING 1u

/// Kinds of rings.
#define CAPUS_RING_ONE_TO_ONE 1u
#define CAPUS_RING_MANY_TO_ONE 2u
#define CAPUS_RING_MANY_TO_MANY 3u
#define CAPUS_RING_BROADCAST 4u
#define CAPUS_RING_MESSAGE 5u

typedef struct capus_ring_header {
  uint64_t magic;
  uint32_t version;
  uint32_t kind;
  /// Elements: stride and alignment; messages: 1 and 8.
  uint64_t element_byte_count;
  uint64_t element_alignment;
  /// Elements in a lane; bytes for messages. A power of two.
  uint64_t capacity;
  /// Lanes, or consumers of a broadcast ring; 1 for the others.
  uint32_t width;
  uint32_t reserved0;
  uint64_t data_offset;
  uint64_t total_byte_count;
  /// Broadcast: bit c of upstream[i] is set where consumer i follows consumer c. Room for 8.
  uint8_t upstream[8];
  uint8_t reserved1[56];
} capus_ring_header;

typedef struct capus_ring_parking {
  /// Producers sleep here until there is room.
  uint32_t producers;
  /// Consumers sleep here until there is something to read.
  uint32_t consumers;
  /// Open ends of rings with several of a kind; unused in the others.
  uint32_t open_producers;
  uint32_t open_consumers;
  uint8_t reserved[CAPUS_RING_LINE - 16];
} capus_ring_parking;

typedef struct capus_ring_position {
  uint64_t value;
  uint8_t reserved[CAPUS_RING_LINE - 8];
} capus_ring_position;

typedef struct capus_ring_owner {
  /// Process number in the low half, low half of its start time in clock ticks above; 0: nobody.
  uint64_t identity;
  /// Counts those who took this end, from 1.
  uint64_t epoch;
  uint8_t reserved[48];
} capus_ring_owner;

/// In front of every message, at a multiple of 8.
typedef struct capus_ring_message {
  /// Bytes that follow, without what fills up to a multiple of 8.
  uint32_t byte_count;
  /// What the producer says it is; CAPUS_RING_PADDING for bytes to be skipped.
  uint32_t type;
} capus_ring_message;

#define CAPUS_RING_PADDING 0xFFFFFFFFu

static_assert(sizeof(capus_ring_header) == CAPUS_RING_LINE, "header is one line pair");
static_assert(offsetof(capus_ring_header, kind) == 12, "header layout");
static_assert(offsetof(capus_ring_header, element_byte_count) == 16, "header layout");
static_assert(offsetof(capus_ring_header, element_alignment) == 24, "header layout");
static_assert(offsetof(capus_ring_header, capacity) == 32, "header layout");
static_assert(offsetof(capus_ring_header, width) == 40, "header layout");
static_assert(offsetof(capus_ring_header, data_offset) == 48, "header layout");
static_assert(offsetof(capus_ring_header, total_byte_count) == 56, "header layout");
static_assert(offsetof(capus_ring_header, upstream) == 64, "header layout");
static_assert(sizeof(capus_ring_parking) == CAPUS_RING_LINE, "parking is one line pair");
static_assert(offsetof(capus_ring_parking, consumers) == 4, "parking layout");
static_assert(offsetof(capus_ring_parking, open_producers) == 8, "parking layout");
static_assert(offsetof(capus_ring_parking, open_consumers) == 12, "parking layout");
static_assert(sizeof(capus_ring_position) == CAPUS_RING_LINE, "a position has its own line pair");
static_assert(sizeof(capus_ring_owner) == 64, "owner layout");
static_assert(offsetof(capus_ring_owner, epoch) == 8, "owner layout");
static_assert(sizeof(capus_ring_message) == 8, "message header layout");
