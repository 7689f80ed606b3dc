// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include "CApusZlib.h"

#include <limits.h>
#include <stdlib.h>
#include <zlib.h>

struct capus_zlib_stream {
  z_stream z;
};

static int window_bits(capus_zlib_container container) {
  // 16 more asks zlib for a gzip wrapper instead of its own.
  return container == CAPUS_ZLIB_CONTAINER_GZIP ? MAX_WBITS + 16 : MAX_WBITS;
}

// zlib counts in 32 bits: one step offers at most this much and the caller steps again.
static uInt limited(size_t byte_count) {
  return byte_count > UINT_MAX ? UINT_MAX : (uInt)byte_count;
}

capus_zlib_stream *capus_deflate_create(int level, capus_zlib_container container) {
  capus_zlib_stream *stream = calloc(1, sizeof *stream);
  if (stream == NULL) return NULL;
  if (deflateInit2(&stream->z, level, Z_DEFLATED, window_bits(container), 8, Z_DEFAULT_STRATEGY)
      != Z_OK) {
    free(stream);
    return NULL;
  }
  return stream;
}

static void offer(
    z_stream *z, const void *source, size_t source_byte_count, void *target,
    size_t target_byte_count) {
  z->next_in = (Bytef *)source;
  z->avail_in = limited(source_byte_count);
  z->next_out = target;
  z->avail_out = limited(target_byte_count);
}

static capus_zlib_progress progress(
    const z_stream *z, size_t source_byte_count, size_t target_byte_count, int code) {
  capus_zlib_progress result = {
      .status = CAPUS_ZLIB_CORRUPT,
      .consumed_byte_count = limited(source_byte_count) - z->avail_in,
      .produced_byte_count = limited(target_byte_count) - z->avail_out,
  };
  // Z_BUF_ERROR only says that no progress was possible; the two counts say so already.
  if (code == Z_OK || code == Z_BUF_ERROR) result.status = CAPUS_ZLIB_MORE;
  if (code == Z_STREAM_END) result.status = CAPUS_ZLIB_END;
  if (code == Z_MEM_ERROR) result.status = CAPUS_ZLIB_NO_MEMORY;
  return result;
}

capus_zlib_progress capus_deflate_step(
    capus_zlib_stream *stream, const void *source, size_t source_byte_count, void *target,
    size_t target_byte_count, int finish) {
  z_stream *z = &stream->z;
  offer(z, source, source_byte_count, target, target_byte_count);
  // Source cut by limited() must not be taken for its end.
  int flush = finish && z->avail_in == source_byte_count ? Z_FINISH : Z_NO_FLUSH;
  return progress(z, source_byte_count, target_byte_count, deflate(z, flush));
}

void capus_deflate_destroy(capus_zlib_stream *stream) {
  if (stream == NULL) return;
  deflateEnd(&stream->z);
  free(stream);
}

capus_zlib_stream *capus_inflate_create(capus_zlib_container container) {
  capus_zlib_stream *stream = calloc(1, sizeof *stream);
  if (stream == NULL) return NULL;
  if (inflateInit2(&stream->z, window_bits(container)) != Z_OK) {
    free(stream);
    return NULL;
  }
  return stream;
}

capus_zlib_progress capus_inflate_step(
    capus_zlib_stream *stream, const void *source, size_t source_byte_count, void *target,
    size_t target_byte_count) {
  z_stream *z = &stream->z;
  offer(z, source, source_byte_count, target, target_byte_count);
  return progress(z, source_byte_count, target_byte_count, inflate(z, Z_NO_FLUSH));
}

void capus_inflate_reset(capus_zlib_stream *stream) { inflateReset(&stream->z); }

void capus_inflate_destroy(capus_zlib_stream *stream) {
  if (stream == NULL) return;
  inflateEnd(&stream->z);
  free(stream);
}

size_t capus_deflate_bound(size_t byte_count) {
  // compressBound covers the zlib wrapper of 6 bytes; a gzip wrapper is 18.
  return compressBound(byte_count) + 12;
}

const char *capus_zlib_version(void) { return zlibVersion(); }
