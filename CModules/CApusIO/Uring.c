// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#define _GNU_SOURCE
#include "CApusIO.h"

#include <errno.h>
#include <liburing.h>
#include <poll.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { group_count = 2, pieces_max = 16 };

// What an entry points to, read by the kernel while it submits (IORING_FEAT_SUBMIT_STABLE).
struct scratch {
  struct msghdr message;
  struct iovec pieces[pieces_max];
};

struct capus_loop {
  struct io_uring ring;
  struct io_uring_buf_ring *groups[group_count];
  unsigned group_mask[group_count];
  unsigned group_pending[group_count];
  unsigned scratch_mask;
  bool is_enabled;
  pid_t thread;
  // The shape of a received datagram: room for its address, no control messages.
  struct msghdr datagram_shape;
  struct scratch scratch[];
};

int capus_loop_create(capus_loop **loop, unsigned entry_count, unsigned completion_count,
                      unsigned file_count) {
  struct io_uring_params parameters = {
      .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
               IORING_SETUP_TASKRUN_FLAG | IORING_SETUP_R_DISABLED | IORING_SETUP_CLAMP,
      .cq_entries = completion_count,
  };
  struct io_uring ring;
  int result = io_uring_queue_init_params(entry_count, &ring, &parameters);
  if (result < 0) return result;
  if (!(parameters.features & IORING_FEAT_SUBMIT_STABLE) ||
      !(parameters.features & IORING_FEAT_EXT_ARG)) {
    io_uring_queue_exit(&ring);
    return -EINVAL;
  }
  capus_loop *made =
      calloc(1, sizeof *made + parameters.sq_entries * sizeof(struct scratch));
  if (made == NULL) {
    io_uring_queue_exit(&ring);
    return -ENOMEM;
  }
  made->ring = ring;
  made->scratch_mask = parameters.sq_entries - 1;
  made->datagram_shape.msg_namelen = 32;
  result = io_uring_register_files_sparse(&made->ring, file_count);
  if (result < 0) {
    capus_loop_destroy(made);
    return result;
  }
  *loop = made;
  return 0;
}

void capus_loop_destroy(capus_loop *loop) {
  if (loop == NULL) return;
  if (loop->is_enabled) {
    // A ring ends some time after its descriptor is closed, and keeps its files until then: a port would
    // stay in use. On another thread than the ring's this is refused, and nothing but that delay is lost.
    struct io_uring_sync_cancel_reg all = {
        .fd = -1,
        .flags = IORING_ASYNC_CANCEL_ANY | IORING_ASYNC_CANCEL_ALL,
        .timeout = {.tv_sec = 1},
    };
    syscall(__NR_io_uring_register, loop->ring.ring_fd, IORING_REGISTER_SYNC_CANCEL, &all, 1);
    io_uring_get_events(&loop->ring);
  }
  io_uring_unregister_files(&loop->ring);
  io_uring_queue_exit(&loop->ring);
  free(loop);
}

int capus_loop_add_group(capus_loop *loop, int group, void *ring, unsigned buffer_count) {
  struct io_uring_buf_reg registration = {.ring_addr = (uint64_t)(uintptr_t)ring,
                                          .ring_entries = buffer_count,
                                          .bgid = (uint16_t)group};
  int result = io_uring_register_buf_ring(&loop->ring, &registration, 0);
  if (result < 0) return result;
  loop->groups[group] = ring;
  loop->group_mask[group] = (unsigned)io_uring_buf_ring_mask(buffer_count);
  io_uring_buf_ring_init(loop->groups[group]);
  return 0;
}

void capus_loop_return_buffer(capus_loop *loop, int group, void *bytes, unsigned byte_count,
                              unsigned index) {
  io_uring_buf_ring_add(loop->groups[group], bytes, byte_count, (unsigned short)index,
                        (int)loop->group_mask[group], (int)loop->group_pending[group]);
  loop->group_pending[group]++;
}

void capus_loop_publish_buffers(capus_loop *loop, int group) {
  if (loop->group_pending[group] == 0) return;
  io_uring_buf_ring_advance(loop->groups[group], (int)loop->group_pending[group]);
  loop->group_pending[group] = 0;
}

int capus_loop_register(capus_loop *loop, unsigned slot, int descriptor) {
  int result = io_uring_register_files_update(&loop->ring, slot, &descriptor, 1);
  return result < 0 ? result : 0;
}

// The scratch of an entry: entries in the queue are never more than there are of it.
static struct scratch *scratch_of(capus_loop *loop, const struct io_uring_sqe *entry) {
  return &loop->scratch[(unsigned)(entry - loop->ring.sq.sqes) & loop->scratch_mask];
}

static void finish(struct io_uring_sqe *entry, uint64_t tag, unsigned flags) {
  io_uring_sqe_set_flags(entry, flags | IOSQE_FIXED_FILE);
  io_uring_sqe_set_data64(entry, tag);
}

#define TAKE_ENTRY(loop)                                            \
  struct io_uring_sqe *entry = io_uring_get_sqe(&(loop)->ring); \
  if (entry == NULL) return -EBUSY

int capus_loop_accept(capus_loop *loop, unsigned slot, uint64_t tag) {
  TAKE_ENTRY(loop);
  io_uring_prep_multishot_accept(entry, (int)slot, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  finish(entry, tag, 0);
  return 0;
}

int capus_loop_receive(capus_loop *loop, unsigned slot, int group, uint64_t tag) {
  TAKE_ENTRY(loop);
  io_uring_prep_recv_multishot(entry, (int)slot, NULL, 0, 0);
  finish(entry, tag, IOSQE_BUFFER_SELECT);
  entry->buf_group = (uint16_t)group;
  return 0;
}

int capus_loop_receive_datagrams(capus_loop *loop, unsigned slot, int group, uint64_t tag) {
  TAKE_ENTRY(loop);
  io_uring_prep_recvmsg_multishot(entry, (int)slot, &loop->datagram_shape, 0);
  finish(entry, tag, IOSQE_BUFFER_SELECT);
  entry->buf_group = (uint16_t)group;
  return 0;
}

int capus_loop_send(capus_loop *loop, unsigned slot, const capus_piece *pieces, unsigned count,
                    uint64_t tag) {
  TAKE_ENTRY(loop);
  if (count == 1) {
    io_uring_prep_send(entry, (int)slot, pieces->bytes, pieces->byte_count, MSG_NOSIGNAL);
  } else {
    struct scratch *own = scratch_of(loop, entry);
    if (count > pieces_max) count = pieces_max;
    memcpy(own->pieces, pieces, count * sizeof *pieces);
    own->message = (struct msghdr){.msg_iov = own->pieces, .msg_iovlen = count};
    io_uring_prep_sendmsg(entry, (int)slot, &own->message, MSG_NOSIGNAL);
  }
  finish(entry, tag, 0);
  return 0;
}

int capus_loop_send_datagram(capus_loop *loop, unsigned slot, const capus_datagram *datagram,
                             const void *address, uint64_t tag) {
  TAKE_ENTRY(loop);
  struct scratch *own = scratch_of(loop, entry);
  own->pieces[0] = (struct iovec){.iov_base = datagram->bytes, .iov_len = datagram->byte_count};
  own->message = (struct msghdr){
      .msg_name = datagram->address.byte_count > 0 ? (void *)address : NULL,
      .msg_namelen = datagram->address.byte_count,
      .msg_iov = own->pieces,
      .msg_iovlen = 1};
  io_uring_prep_sendmsg(entry, (int)slot, &own->message, MSG_NOSIGNAL);
  finish(entry, tag, 0);
  return 0;
}

int capus_loop_poll(capus_loop *loop, unsigned slot, int writes, int is_multishot, uint64_t tag) {
  TAKE_ENTRY(loop);
  unsigned mask = writes ? POLLOUT : POLLIN | POLLRDHUP;
  if (is_multishot) {
    io_uring_prep_poll_multishot(entry, (int)slot, mask);
  } else {
    io_uring_prep_poll_add(entry, (int)slot, mask);
  }
  finish(entry, tag, 0);
  return 0;
}

int capus_loop_read(capus_loop *loop, unsigned slot, void *bytes, unsigned byte_count,
                    uint64_t offset, uint64_t tag) {
  TAKE_ENTRY(loop);
  io_uring_prep_read(entry, (int)slot, bytes, byte_count, offset);
  finish(entry, tag, 0);
  return 0;
}

int capus_loop_write(capus_loop *loop, unsigned slot, const void *bytes, unsigned byte_count,
                     uint64_t offset, uint64_t tag) {
  TAKE_ENTRY(loop);
  io_uring_prep_write(entry, (int)slot, bytes, byte_count, offset);
  finish(entry, tag, 0);
  return 0;
}

int capus_loop_sync(capus_loop *loop, unsigned slot, uint64_t tag) {
  TAKE_ENTRY(loop);
  io_uring_prep_fsync(entry, (int)slot, IORING_FSYNC_DATASYNC);
  finish(entry, tag, 0);
  return 0;
}

int capus_loop_cancel(capus_loop *loop, uint64_t tag, uint64_t own_tag) {
  TAKE_ENTRY(loop);
  io_uring_prep_cancel64(entry, tag, 0);
  io_uring_sqe_set_data64(entry, own_tag);
  return 0;
}

int capus_loop_cancel_slot(capus_loop *loop, unsigned slot, uint64_t own_tag) {
  TAKE_ENTRY(loop);
  io_uring_prep_cancel_fd(entry, (int)slot, IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_FD_FIXED);
  io_uring_sqe_set_data64(entry, own_tag);
  return 0;
}

int capus_loop_cancel_everything(capus_loop *loop) {
  if (!loop->is_enabled) return -ENOENT;
  if (loop->thread != (pid_t)syscall(SYS_gettid)) return -EPERM;
  TAKE_ENTRY(loop);
  io_uring_prep_cancel64(entry, 0, IORING_ASYNC_CANCEL_ALL | IORING_ASYNC_CANCEL_ANY);
  io_uring_sqe_set_data64(entry, UINT64_MAX);
  return 0;
}

// Whether only the kernel can bring forth more completions: of work that it left for this thread, or that
// had no room.
static bool has_work_inside(const capus_loop *loop) {
  return (__atomic_load_n(loop->ring.sq.kflags, __ATOMIC_RELAXED) &
          (IORING_SQ_TASKRUN | IORING_SQ_CQ_OVERFLOW)) != 0;
}

// What waiting ends with, and what the next call does better, is no failure.
static int called(int result) {
  switch (result) {
  case -ETIME:
  case -EINTR:
  case -EAGAIN:
  case -EBUSY: return 1;
  default: return result >= 0 ? 1 : result;
  }
}

int capus_loop_enter(capus_loop *loop, uint64_t nanoseconds) {
  if (!loop->is_enabled) {
    // liburing 2.3 declares io_uring_enable_rings and does not export it.
    if (syscall(__NR_io_uring_register, loop->ring.ring_fd, IORING_REGISTER_ENABLE_RINGS, NULL, 0) < 0) {
      return -errno;
    }
    loop->is_enabled = true;
    loop->thread = (pid_t)syscall(SYS_gettid);
  }
  bool has_completions = io_uring_cq_ready(&loop->ring) > 0;
  if (nanoseconds == 0 || has_completions) {
    if (io_uring_sq_ready(&loop->ring) == 0 && !has_work_inside(loop)) return 0;
    return called(io_uring_submit_and_get_events(&loop->ring));
  }
  struct __kernel_timespec limit = {.tv_sec = (long long)(nanoseconds / 1000000000u),
                                    .tv_nsec = (long long)(nanoseconds % 1000000000u)};
  struct io_uring_cqe *first = NULL;
  return called(io_uring_submit_and_wait_timeout(&loop->ring, &first, 1, &limit, NULL));
}

unsigned capus_loop_take(capus_loop *loop, capus_completion *completions, unsigned count) {
  unsigned head, taken = 0;
  struct io_uring_cqe *one;
  io_uring_for_each_cqe(&loop->ring, head, one) {
    if (taken == count) break;
    uint32_t flags = 0;
    if (one->flags & IORING_CQE_F_MORE) flags |= capus_completion_more;
    if (one->flags & IORING_CQE_F_BUFFER) {
      flags |= capus_completion_has_buffer |
               (one->flags >> IORING_CQE_BUFFER_SHIFT) << capus_completion_buffer_shift;
    }
    completions[taken++] =
        (capus_completion){.tag = one->user_data, .result = one->res, .flags = flags};
  }
  io_uring_cq_advance(&loop->ring, taken);
  return taken;
}
