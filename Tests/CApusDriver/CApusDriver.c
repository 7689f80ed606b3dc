// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include "CApusDriver.h"

apus_engine *capus_small_engine(uint64_t events_per_command, uint64_t event_capacity) {
  apus_configuration configuration = {
      .size = sizeof configuration,
      .order_capacity = 1 << 16,
      .level_capacity = 1 << 16,
      .holding_capacity = 1 << 14,
      .events_per_command = events_per_command,
      .event_capacity = event_capacity,
  };
  return apus_engine_create(&configuration, NULL, 0);
}

size_t capus_drive(
    const apus_command *commands, const uint64_t *times, size_t count, apus_event *events,
    uint64_t *sequences, size_t event_count_max, uint64_t *digest) {
  apus_engine *engine = capus_small_engine(4096, 8192);
  if (engine == NULL) return SIZE_MAX;
  size_t written = 0;
  for (size_t index = 0; index < count;) {
    int status = apus_engine_submit(engine, &commands[index], times[index]);
    if (status == APUS_OK) {
      index++;
      if (index < count) continue;
    } else if (status != APUS_QUEUE_FULL) {
      break;
    }
    for (;;) {
      size_t room = event_count_max - written;
      size_t polled = apus_engine_poll(
          engine, events + written, sequences + written, room < 7 ? room : 7);
      if (polled == 0) break;
      written += polled;
    }
  }
  if (apus_engine_sequence(engine) != count) written = SIZE_MAX;
  *digest = apus_engine_digest(engine);
  apus_engine_destroy(engine);
  return written;
}
