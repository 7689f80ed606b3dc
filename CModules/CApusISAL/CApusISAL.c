// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include "CApusISAL.h"

#include <isa-l/igzip_lib.h>
#include <stdlib.h>

struct capus_igzip_stream {
  struct inflate_state state;
};

capus_igzip_stream *capus_igzip_create(void) {
  capus_igzip_stream *stream = malloc(sizeof *stream);
  if (stream != NULL) capus_igzip_reset(stream);
  return stream;
}

void capus_igzip_reset(capus_igzip_stream *stream) {
  isal_inflate_init(&stream->state);
  stream->state.crc_flag = ISAL_GZIP;
}

capus_igzip_progress capus_igzip_step(
    capus_igzip_stream *stream, const void *source, size_t source_byte_count, void *target,
    size_t target_byte_count) {
  struct inflate_state *state = &stream->state;
  state->next_in = (uint8_t *)source;
  state->avail_in = (uint32_t)source_byte_count;
  state->next_out = target;
  state->avail_out = (uint32_t)target_byte_count;
  int result = isal_inflate(state);
  capus_igzip_progress progress = {
      .status = CAPUS_IGZIP_MORE,
      .consumed_byte_count = (ptrdiff_t)source_byte_count - (ptrdiff_t)state->avail_in,
      .produced_byte_count = target_byte_count - state->avail_out,
  };
  if (result == ISAL_INCORRECT_CHECKSUM) progress.status = CAPUS_IGZIP_CHECKSUM;
  else if (result < 0) progress.status = CAPUS_IGZIP_CORRUPT;
  else if (state->block_state == ISAL_BLOCK_FINISH) progress.status = CAPUS_IGZIP_END;
  return progress;
}

void capus_igzip_destroy(capus_igzip_stream *stream) { free(stream); }
