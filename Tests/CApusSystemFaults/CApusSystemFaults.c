// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#define _GNU_SOURCE
#include "CApusSystemFaults.h"

#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

static _Thread_local int is_noting, fail_after = -1, fail_error;
static _Thread_local int submission_limit = -1, submission_failures, submission_error;
static _Thread_local int allocation_failures, allocation_error;
static _Thread_local char notes[16384];

void capus_faults_note(void) {
  notes[0] = 0;
  is_noting = 1;
}

const char *capus_faults_noted(void) {
  is_noting = 0;
  return notes;
}

void capus_faults_fail_sync(int after, int error) {
  fail_after = after;
  fail_error = error;
}

void capus_faults_limit_submission(int count) { submission_limit = count; }

void capus_faults_fail_submission(int count, int error) {
  submission_failures = count;
  submission_error = error;
}

void capus_faults_fail_allocation(int count, int error) {
  allocation_failures = count;
  allocation_error = error;
}

int posix_fallocate(int descriptor, off_t offset, off_t length) {
  if (allocation_failures > 0) {
    allocation_failures--;
    return allocation_error;
  }
  return syscall(SYS_fallocate, descriptor, 0, offset, length) == 0 ? 0 : errno;
}

static void note(const char *operation, const char *first, const char *second) {
  if (!is_noting) return;
  size_t used = strlen(notes);
  snprintf(notes + used, sizeof notes - used, "%s %s%s%s\n", operation, first,
           second[0] != 0 ? " " : "", second);
}

/* The path of a name in an open folder; the name alone where nobody notes or it is absolute. */
static const char *path_in(int folder, const char *name, char *path, size_t size) {
  char link[64];
  if (!is_noting || folder == AT_FDCWD || name[0] == '/') return name;
  snprintf(link, sizeof link, "/proc/self/fd/%d", folder);
  ssize_t length = readlink(link, path, size - 1);
  if (length < 0) return name;
  snprintf(path + length, size - (size_t)length, "/%s", name);
  return path;
}

static int sync_call(long number, const char *operation, int descriptor) {
  char link[64], path[PATH_MAX] = "?";
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t length = is_noting ? readlink(link, path, sizeof path - 1) : 0;
  if (length > 0) path[length] = 0;
  note(operation, path, "");
  if (fail_after >= 0 && fail_after-- == 0) {
    errno = fail_error;
    return -1;
  }
  return (int)syscall(number, descriptor);
}

int fsync(int descriptor) { return sync_call(SYS_fsync, "fsync", descriptor); }
int fdatasync(int descriptor) { return sync_call(SYS_fdatasync, "fdatasync", descriptor); }

int rename(const char *source, const char *target) {
  note("rename", source, target);
  return (int)syscall(SYS_renameat2, AT_FDCWD, source, AT_FDCWD, target, 0);
}

int renameat(int from, const char *source, int to, const char *target) {
  char source_path[PATH_MAX], target_path[PATH_MAX];
  note("rename", path_in(from, source, source_path, sizeof source_path),
       path_in(to, target, target_path, sizeof target_path));
  return (int)syscall(SYS_renameat2, from, source, to, target, 0);
}

int io_uring_submit(struct io_uring *ring) {
  if (submission_failures > 0) {
    submission_failures--;
    return -submission_error;
  }
  if (submission_limit >= 0) {
    // What liburing does, for fewer entries than there are.
    struct io_uring_sq *queue = &ring->sq;
    queue->sqe_head = queue->sqe_tail;
    io_uring_smp_store_release(queue->ktail, queue->sqe_tail);
    unsigned count = (unsigned)submission_limit;
    submission_limit = -1;
    return count == 0 ? 0 : io_uring_enter((unsigned)ring->ring_fd, count, 0, 0, NULL);
  }
  static int (*original)(struct io_uring *);
  if (original == NULL) *(void **)&original = dlsym(RTLD_NEXT, "io_uring_submit");
  return original(ring);
}

int capus_faults_own_mask(unsigned mask) {
  if (unshare(CLONE_FS) != 0) return -errno;
  umask((mode_t)mask);
  return 0;
}
