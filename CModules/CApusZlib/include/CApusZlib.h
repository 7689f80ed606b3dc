// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors
#pragma once

// Why C: zlib's set-up calls (deflateInit2, inflateInit2) are macros that Swift cannot see, and a
// z_stream holds pointers into itself, so it must live at a fixed address.

#include <stddef.h>
#include <stdint.h>

/// Deflate or inflate state; one owner, any one thread at a time.
typedef struct capus_zlib_stream capus_zlib_stream;

/// How the compressed bytes are wrapped.
typedef enum capus_zlib_container {
  CAPUS_ZLIB_CONTAINER_ZLIB = 0,
  CAPUS_ZLIB_CONTAINER_GZIP = 1,
} capus_zlib_container;

/// What one step reached.
typedef enum capus_zlib_status {
  /// Source or target is used up: offer more of whichever it was.
  CAPUS_ZLIB_MORE = 0,
  /// The stream (one gzip member) is complete; later source bytes were not touched.
  CAPUS_ZLIB_END = 1,
  /// Inflate only: the bytes are not a valid stream. The stream accepts only reset and destroy.
  CAPUS_ZLIB_CORRUPT = -1,
  /// zlib could not get memory.
  CAPUS_ZLIB_NO_MEMORY = -2,
} capus_zlib_status;

/// Bytes moved by one step.
typedef struct capus_zlib_progress {
  capus_zlib_status status;
  size_t consumed_byte_count;
  size_t produced_byte_count;
} capus_zlib_progress;

/// Level 0 to 9, or -1 for zlib's own choice (6). NULL when the level is invalid or memory is out.
capus_zlib_stream *_Nullable capus_deflate_create(int level, capus_zlib_container container);

/// Compresses. `finish` non-zero says that no source follows these bytes: then step until END.
capus_zlib_progress capus_deflate_step(
    capus_zlib_stream *_Nonnull stream, const void *_Nullable source, size_t source_byte_count,
    void *_Nonnull target, size_t target_byte_count, int finish);

void capus_deflate_destroy(capus_zlib_stream *_Nullable stream);

/// NULL when memory is out.
capus_zlib_stream *_Nullable capus_inflate_create(capus_zlib_container container);

/// Decompresses. MORE with nothing consumed and nothing produced means that the source ended early.
capus_zlib_progress capus_inflate_step(
    capus_zlib_stream *_Nonnull stream, const void *_Nullable source, size_t source_byte_count,
    void *_Nonnull target, size_t target_byte_count);

/// Makes the stream ready for the next gzip member.
void capus_inflate_reset(capus_zlib_stream *_Nonnull stream);

void capus_inflate_destroy(capus_zlib_stream *_Nullable stream);

/// Upper bound of the compressed size of `byte_count` bytes at level 1 and above, either wrapper.
size_t capus_deflate_bound(size_t byte_count);

/// zlib's version, such as "1.2.13".
const char *_Nonnull capus_zlib_version(void);
