// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#define _GNU_SOURCE
#include "CApusIO.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

int capus_epoll_create(void) {
  int descriptor = epoll_create1(EPOLL_CLOEXEC);
  return descriptor >= 0 ? descriptor : -errno;
}

int capus_epoll_add(int epoll, int descriptor, int writes, uint64_t tag) {
  struct epoll_event event = {.events = EPOLLIN | EPOLLRDHUP | EPOLLET | (writes ? EPOLLOUT : 0),
                              .data.u64 = tag};
  return epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event) == 0 ? 0 : -errno;
}

int capus_epoll_wait(int epoll, capus_ready *ready, unsigned count, uint64_t nanoseconds) {
  struct epoll_event events[256];
  if (count > 256) count = 256;
  struct timespec limit = {.tv_sec = (time_t)(nanoseconds / 1000000000u),
                           .tv_nsec = (long)(nanoseconds % 1000000000u)};
  int found = epoll_pwait2(epoll, events, (int)count, &limit, NULL);
  if (found < 0 && errno == ENOSYS) {
    // Before Linux 5.11: whole milliseconds, rounded up so that a short wait is none.
    uint64_t milliseconds = nanoseconds / 1000000u + (nanoseconds % 1000000u != 0);
    found = epoll_wait(epoll, events, (int)count,
                       milliseconds > 1000000 ? 1000000 : (int)milliseconds);
  }
  if (found < 0) return errno == EINTR ? 0 : -errno;
  for (int index = 0; index < found; index++) {
    uint32_t from = events[index].events, to = 0;
    if (from & (EPOLLIN | EPOLLRDHUP | EPOLLHUP | EPOLLERR)) to |= capus_ready_in;
    if (from & (EPOLLOUT | EPOLLHUP | EPOLLERR)) to |= capus_ready_out;
    if (from & (EPOLLRDHUP | EPOLLERR | EPOLLHUP)) to |= capus_ready_end;
    ready[index] = (capus_ready){.tag = events[index].data.u64, .events = to};
  }
  return found;
}

int capus_wake_create(void) {
  int descriptor = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  return descriptor >= 0 ? descriptor : -errno;
}

int capus_wake_write(int descriptor) {
  uint64_t one = 1;
  return write(descriptor, &one, sizeof one) == sizeof one ? 0 : -errno;
}

int capus_wake_read(int descriptor) {
  uint64_t count;
  return read(descriptor, &count, sizeof count) == sizeof count ? 0 : -errno;
}

int capus_io_file_open(const char *path, int writes) {
  int descriptor = open(path, (writes ? O_RDWR | O_CREAT : O_RDONLY) | O_CLOEXEC | O_NOCTTY | O_NONBLOCK,
                        0600);
  if (descriptor < 0) return -errno;
  struct stat found;
  int result = fstat(descriptor, &found) != 0 ? -errno : 0;
  // A pipe or a terminal would keep a loop waiting for whoever is at its other end.
  if (result == 0 && !S_ISREG(found.st_mode) && !S_ISBLK(found.st_mode)) {
    result = S_ISDIR(found.st_mode) ? -EISDIR : -ESPIPE;
  }
  if (result < 0) close(descriptor);
  return result < 0 ? result : descriptor;
}

int64_t capus_io_file_read(int descriptor, void *bytes, size_t byte_count, uint64_t offset) {
  ssize_t count = pread(descriptor, bytes, byte_count, (off_t)offset);
  return count >= 0 ? count : -errno;
}

int64_t capus_io_file_write(int descriptor, const void *bytes, size_t byte_count,
                            uint64_t offset) {
  ssize_t count = pwrite(descriptor, bytes, byte_count, (off_t)offset);
  return count >= 0 ? count : -errno;
}

int capus_io_file_sync(int descriptor) { return fdatasync(descriptor) == 0 ? 0 : -errno; }
