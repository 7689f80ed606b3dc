// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#define _GNU_SOURCE
#include "CApusSockets.h"

#include <errno.h>
#include <time.h>

int capus_poll(struct pollfd *descriptors, uint32_t count, uint64_t nanoseconds) {
  struct timespec limit = {.tv_sec = (time_t)(nanoseconds / 1000000000u),
                           .tv_nsec = (long)(nanoseconds % 1000000000u)};
  int saved = errno;
  int result = ppoll(descriptors, count, &limit, NULL);
  if (result < 0) result = -errno;
  errno = saved;
  return result;
}
