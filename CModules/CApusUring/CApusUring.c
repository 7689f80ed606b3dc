// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#define _GNU_SOURCE
#include "CApusUring.h"

#include <errno.h>
#include <fcntl.h>
#include <liburing.h>
#include <stdlib.h>

struct capus_uring {
  struct io_uring ring;
};

int capus_uring_create(capus_uring **ring, unsigned entry_count) {
  capus_uring *made = calloc(1, sizeof *made);
  if (made == NULL) return -ENOMEM;
  // No single-issuer mode: a writer is opened on one thread and moved to another.
  int result = io_uring_queue_init(entry_count, &made->ring, 0);
  if (result < 0) {
    free(made);
    return result;
  }
  *ring = made;
  return 0;
}

void capus_uring_destroy(capus_uring *ring) {
  if (ring == NULL) return;
  io_uring_queue_exit(&ring->ring);
  free(ring);
}

// Takes back what the kernel has not taken. An entry that stayed would go out with the next
// submission: with bytes that are others by then, through a descriptor that may be another file's.
// Without a polling kernel thread the kernel reads the tail inside io_uring_enter alone.
static void withdraw(struct io_uring *ring) {
  unsigned taken = io_uring_smp_load_acquire(ring->sq.khead);
  ring->sq.sqe_head = ring->sq.sqe_tail = taken;
  io_uring_smp_store_release(ring->sq.ktail, taken);
}

// How many of the entries the kernel has taken, from the first on; -errno where none. A submission
// that a signal or a moment without memory stopped is tried again, a bounded number of times, but
// not in the middle: a link ends with the submission it is in.
static int submit(struct io_uring *ring) {
  int result = -EAGAIN;
  for (int attempt = 0; attempt < 1000; attempt++) {
    result = io_uring_submit(ring);
    if (result != -EINTR && result != -EAGAIN && result != -EBUSY) break;
  }
  withdraw(ring);
  return result == 0 ? -EAGAIN : result;
}

int capus_uring_write(capus_uring *ring, int descriptor, const void *bytes, uint32_t byte_count,
                      uint64_t offset, uint64_t tag) {
  struct io_uring_sqe *write = io_uring_get_sqe(&ring->ring);
  if (write == NULL) return -EBUSY;
  io_uring_prep_write(write, descriptor, bytes, byte_count, offset);
  io_uring_sqe_set_data64(write, tag);
  return submit(&ring->ring);
}

int capus_uring_write_then_sync(capus_uring *ring, int descriptor, const void *bytes,
                                uint32_t byte_count, uint64_t offset, uint64_t write_tag,
                                uint64_t sync_tag) {
  if (io_uring_sq_space_left(&ring->ring) < 2) return -EBUSY;
  struct io_uring_sqe *write = io_uring_get_sqe(&ring->ring);
  io_uring_prep_write(write, descriptor, bytes, byte_count, offset);
  io_uring_sqe_set_data64(write, write_tag);
  io_uring_sqe_set_flags(write, IOSQE_IO_LINK);
  struct io_uring_sqe *sync = io_uring_get_sqe(&ring->ring);
  io_uring_prep_fsync(sync, descriptor, IORING_FSYNC_DATASYNC);
  io_uring_sqe_set_data64(sync, sync_tag);
  return submit(&ring->ring);
}

int capus_uring_next(capus_uring *ring, int wait, uint64_t *tag, int32_t *result) {
  struct io_uring_cqe *completion = NULL;
  int status = wait ? io_uring_wait_cqe(&ring->ring, &completion)
                    : io_uring_peek_cqe(&ring->ring, &completion);
  if (status == -EAGAIN) return 0;
  if (status < 0) return status;
  *tag = io_uring_cqe_get_data64(completion);
  *result = completion->res;
  io_uring_cqe_seen(&ring->ring, completion);
  return 1;
}

int capus_file_allocate(int descriptor, uint64_t byte_count) {
  return fallocate(descriptor, 0, 0, (off_t)byte_count) == 0 ? 0 : -errno;
}

int capus_open_direct_flag(void) { return O_DIRECT; }
