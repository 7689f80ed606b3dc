// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stddef.h>
#include <stdint.h>

// Why C: the state is a struct of about 80 KiB with flexible tables that Swift imports as a tuple
// of every byte. ISA-L inflates two to three times as fast as zlib.

typedef struct capus_igzip_stream capus_igzip_stream;

typedef enum capus_igzip_status {
  /// Source or target is used up.
  CAPUS_IGZIP_MORE = 0,
  /// A gzip member is complete and its checksum holds; later source bytes were not touched.
  CAPUS_IGZIP_END = 1,
  /// The bytes are no gzip.
  CAPUS_IGZIP_CORRUPT = -1,
  /// The member's checksum or length does not hold.
  CAPUS_IGZIP_CHECKSUM = -2,
} capus_igzip_status;

typedef struct capus_igzip_progress {
  capus_igzip_status status;
  /// Negative where bytes of earlier steps are given back: ISA-L reads up to 8 bytes ahead, and at
  /// the end of a member moves `next_in` back over those it did not need.
  ptrdiff_t consumed_byte_count;
  size_t produced_byte_count;
} capus_igzip_progress;

/// NULL when memory is out.
capus_igzip_stream *_Nullable capus_igzip_create(void);
/// Inflates. Source and target of at most 2^31 bytes a step. The 8 bytes before `source` are those
/// that came before it in the file, as far as there are any.
capus_igzip_progress capus_igzip_step(
    capus_igzip_stream *_Nonnull stream, const void *_Nullable source, size_t source_byte_count,
    void *_Nonnull target, size_t target_byte_count);
/// Makes the stream ready for the next member.
void capus_igzip_reset(capus_igzip_stream *_Nonnull stream);
void capus_igzip_destroy(capus_igzip_stream *_Nullable stream);
