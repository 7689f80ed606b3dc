// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// The echo servers of `io.tcp` and `io.udp` in C, as one would write them by hand over liburing and epoll:
// what a loop of Apus is measured against. The protocol of drivers is that of peer_driver.hpp.

#define _GNU_SOURCE
#include <arpa/inet.h>
#include <errno.h>
#include <liburing.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "CApusIOLoad.h"

enum {
  tcp_peer_count = 1000,
  tcp_byte_count = 64,
  udp_peer_count = 64,
  udp_byte_count = 100,
  udp_window = 4,
  buffer_count = 4096,
  buffer_byte_count = 2048,
  entry_count = 1024,
  batch = 256,
  datagram_batch = 32,
};

static int own_cpu = -1;
static bool is_smoke;

static uint64_t nanoseconds(clockid_t clock) {
  struct timespec now;
  clock_gettime(clock, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

static void fail(const char *what) {
  perror(what);
  exit(1);
}

// CPU time of the server after its first tenth of the messages.
struct measure {
  uint64_t done, begin_at, end_at, begun;
  uint64_t result;
  capus_load *load;
};

static bool note(struct measure *measure, uint64_t count) {
  uint64_t before = measure->done;
  measure->done += count;
  if (before < measure->begin_at && measure->done >= measure->begin_at) {
    measure->begun = nanoseconds(CLOCK_THREAD_CPUTIME_ID);
  }
  if (before < measure->end_at && measure->done >= measure->end_at) {
    measure->result = nanoseconds(CLOCK_THREAD_CPUTIME_ID) - measure->begun;
  }
  return measure->done < measure->end_at || !capus_load_is_done(measure->load);
}

static int open_socket(int type, uint16_t *port) {
  int descriptor = socket(AF_INET, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  socklen_t length = sizeof address;
  if (descriptor < 0 || bind(descriptor, (struct sockaddr *)&address, length) != 0 ||
      getsockname(descriptor, (struct sockaddr *)&address, &length) != 0) {
    fail("socket");
  }
  int one = 1, size = 4 << 20;
  if (type == SOCK_STREAM) {
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (listen(descriptor, 1024) != 0) fail("listen");
  } else {
    setsockopt(descriptor, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
  }
  *port = ntohs(address.sin_port);
  return descriptor;
}

// MARK: epoll

static void serve_tcp_epoll(int listener, struct measure *measure) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = listener}, events[batch];
  epoll_ctl(epoll, EPOLL_CTL_ADD, listener, &event);
  uint8_t bytes[4096];
  unsigned open_count = 0;
  bool is_going = true;
  while (is_going || open_count > 0) {
    int count = epoll_wait(epoll, events, batch, 10);
    uint64_t echoed = 0;
    for (int index = 0; index < count; index++) {
      int descriptor = events[index].data.fd;
      if (descriptor == listener) {
        int accepted;
        while ((accepted = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC)) >= 0) {
          event = (struct epoll_event){.events = EPOLLIN, .data.fd = accepted};
          epoll_ctl(epoll, EPOLL_CTL_ADD, accepted, &event);
          open_count++;
        }
        continue;
      }
      ssize_t received = recv(descriptor, bytes, sizeof bytes, MSG_DONTWAIT);
      if (received > 0) {
        if (send(descriptor, bytes, (size_t)received, MSG_NOSIGNAL | MSG_DONTWAIT) != received) {
          fail("send");
        }
        echoed += (uint64_t)received / tcp_byte_count;
      } else if (received == 0 || errno != EAGAIN) {
        close(descriptor);
        open_count--;
      }
    }
    if (!note(measure, echoed)) is_going = false;
  }
  close(epoll);
}

static void serve_udp_epoll(int descriptor, struct measure *measure) {
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct epoll_event event = {.events = EPOLLIN, .data.fd = descriptor};
  epoll_ctl(epoll, EPOLL_CTL_ADD, descriptor, &event);
  static uint8_t bytes[datagram_batch][buffer_byte_count];
  static struct sockaddr_in6 names[datagram_batch];
  struct iovec pieces[datagram_batch];
  struct mmsghdr messages[datagram_batch];
  while (true) {
    if (epoll_wait(epoll, &event, 1, 10) <= 0) {
      if (!note(measure, 0)) break;
      continue;
    }
    for (int index = 0; index < datagram_batch; index++) {
      pieces[index] = (struct iovec){bytes[index], buffer_byte_count};
      messages[index].msg_hdr = (struct msghdr){.msg_name = &names[index],
                                                .msg_namelen = sizeof names[index],
                                                .msg_iov = &pieces[index],
                                                .msg_iovlen = 1};
    }
    int count = recvmmsg(descriptor, messages, datagram_batch, MSG_DONTWAIT, NULL);
    if (count <= 0) continue;
    for (int index = 0; index < count; index++) pieces[index].iov_len = messages[index].msg_len;
    int sent = sendmmsg(descriptor, messages, (unsigned)count, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent != count) fail("sendmmsg");
    if (!note(measure, (uint64_t)count)) break;
  }
  close(epoll);
}

// MARK: io_uring

static struct io_uring ring;
static struct io_uring_buf_ring *buffers;
static uint8_t *memory;

static void open_ring(void) {
  struct io_uring_params parameters = {
      .flags = IORING_SETUP_CQSIZE | IORING_SETUP_SINGLE_ISSUER | IORING_SETUP_DEFER_TASKRUN |
               IORING_SETUP_TASKRUN_FLAG,
      .cq_entries = 4096,
  };
  if (io_uring_queue_init_params(entry_count, &ring, &parameters) < 0) fail("io_uring");
  if (io_uring_register_files_sparse(&ring, 1100) < 0) fail("files");
  io_uring_register_ring_fd(&ring);
  buffers = mmap(NULL, buffer_count * 16, PROT_READ | PROT_WRITE, MAP_ANONYMOUS | MAP_PRIVATE, -1, 0);
  memory = mmap(NULL, (size_t)buffer_count * buffer_byte_count, PROT_READ | PROT_WRITE,
                MAP_ANONYMOUS | MAP_PRIVATE | MAP_POPULATE, -1, 0);
  struct io_uring_buf_reg registration = {.ring_addr = (uint64_t)(uintptr_t)buffers,
                                          .ring_entries = buffer_count};
  if (io_uring_register_buf_ring(&ring, &registration, 0) < 0) fail("buffers");
  io_uring_buf_ring_init(buffers);
  for (unsigned index = 0; index < buffer_count; index++) {
    io_uring_buf_ring_add(buffers, memory + (size_t)index * buffer_byte_count, buffer_byte_count,
                          (unsigned short)index, buffer_count - 1, (int)index);
  }
  io_uring_buf_ring_advance(buffers, buffer_count);
}

static void close_ring(void) {
  io_uring_queue_exit(&ring);
  munmap(buffers, buffer_count * 16);
  munmap(memory, (size_t)buffer_count * buffer_byte_count);
}

static struct io_uring_sqe *entry(void) {
  struct io_uring_sqe *found = io_uring_get_sqe(&ring);
  if (found == NULL) {
    io_uring_submit(&ring);
    found = io_uring_get_sqe(&ring);
  }
  return found;
}

static void return_buffer(unsigned index) {
  io_uring_buf_ring_add(buffers, memory + (size_t)index * buffer_byte_count, buffer_byte_count,
                        (unsigned short)index, buffer_count - 1, 0);
  io_uring_buf_ring_advance(buffers, 1);
}

enum kind { kind_accept, kind_receive, kind_send };

static uint64_t tag(enum kind kind, unsigned slot, unsigned buffer) {
  return (uint64_t)kind << 56 | (uint64_t)buffer << 32 | slot;
}

static void begin_receive(unsigned slot) {
  struct io_uring_sqe *one = entry();
  io_uring_prep_recv_multishot(one, (int)slot, NULL, 0, 0);
  io_uring_sqe_set_flags(one, IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT);
  io_uring_sqe_set_data64(one, tag(kind_receive, slot, 0));
}

static void wait_for_completions(void) {
  struct __kernel_timespec limit = {.tv_nsec = 10000000};
  struct io_uring_cqe *first = NULL;
  io_uring_submit_and_wait_timeout(&ring, &first, 1, &limit, NULL);
}

static void serve_tcp_uring(int listener, struct measure *measure) {
  open_ring();
  struct io_uring_sqe *one = entry();
  io_uring_prep_multishot_accept_direct(one, listener, NULL, NULL, 0);
  io_uring_sqe_set_data64(one, tag(kind_accept, 0, 0));
  unsigned open_count = 0;
  bool is_going = true;
  while (is_going || open_count > 0) {
    wait_for_completions();
    struct io_uring_cqe *completion;
    unsigned head, count = 0;
    uint64_t echoed = 0;
    io_uring_for_each_cqe(&ring, head, completion) {
      count++;
      unsigned slot = (unsigned)completion->user_data;
      switch ((enum kind)(completion->user_data >> 56)) {
      case kind_accept:
        if (completion->res < 0) fail("accept");
        open_count++;
        begin_receive((unsigned)completion->res);
        break;
      case kind_receive:
        if (completion->res > 0) {
          unsigned buffer = completion->flags >> IORING_CQE_BUFFER_SHIFT;
          one = entry();
          io_uring_prep_send(one, (int)slot, memory + (size_t)buffer * buffer_byte_count,
                             (size_t)completion->res, MSG_NOSIGNAL | MSG_WAITALL);
          io_uring_sqe_set_flags(one, IOSQE_FIXED_FILE);
          io_uring_sqe_set_data64(one, tag(kind_send, slot, buffer));
          echoed += (uint64_t)completion->res / tcp_byte_count;
          if (!(completion->flags & IORING_CQE_F_MORE)) begin_receive(slot);
        } else if (completion->res == -ENOBUFS) {
          begin_receive(slot);
        } else {
          one = entry();
          io_uring_prep_close_direct(one, slot);
          io_uring_sqe_set_data64(one, UINT64_MAX);
          open_count--;
        }
        break;
      case kind_send: return_buffer((unsigned)(completion->user_data >> 32) & 0xFFFF); break;
      }
    }
    io_uring_cq_advance(&ring, count);
    if (!note(measure, echoed)) is_going = false;
  }
  close_ring();
}

static void serve_udp_uring(int descriptor, struct measure *measure) {
  open_ring();
  if (io_uring_register_files_update(&ring, 0, &descriptor, 1) != 1) fail("files");
  static struct msghdr shape, messages[buffer_count];
  static struct iovec pieces[buffer_count];
  shape = (struct msghdr){.msg_namelen = sizeof(struct sockaddr_in)};
  bool must_receive = true;
  while (true) {
    if (must_receive) {
      struct io_uring_sqe *one = entry();
      io_uring_prep_recvmsg_multishot(one, 0, &shape, 0);
      io_uring_sqe_set_flags(one, IOSQE_FIXED_FILE | IOSQE_BUFFER_SELECT);
      io_uring_sqe_set_data64(one, tag(kind_receive, 0, 0));
      must_receive = false;
    }
    wait_for_completions();
    struct io_uring_cqe *completion;
    unsigned head, count = 0;
    uint64_t echoed = 0;
    io_uring_for_each_cqe(&ring, head, completion) {
      count++;
      if (completion->user_data >> 56 == kind_send) {
        return_buffer((unsigned)(completion->user_data >> 32) & 0xFFFF);
        continue;
      }
      if (!(completion->flags & IORING_CQE_F_MORE)) must_receive = true;
      if (completion->res < 0) continue;
      unsigned buffer = completion->flags >> IORING_CQE_BUFFER_SHIFT;
      struct io_uring_recvmsg_out *out = io_uring_recvmsg_validate(
          memory + (size_t)buffer * buffer_byte_count, completion->res, &shape);
      pieces[buffer] = (struct iovec){
          io_uring_recvmsg_payload(out, &shape),
          io_uring_recvmsg_payload_length(out, completion->res, &shape)};
      messages[buffer] = (struct msghdr){.msg_name = io_uring_recvmsg_name(out),
                                         .msg_namelen = out->namelen,
                                         .msg_iov = &pieces[buffer],
                                         .msg_iovlen = 1};
      struct io_uring_sqe *one = entry();
      io_uring_prep_sendmsg(one, 0, &messages[buffer], MSG_NOSIGNAL);
      io_uring_sqe_set_flags(one, IOSQE_FIXED_FILE);
      io_uring_sqe_set_data64(one, tag(kind_send, 0, buffer));
      echoed++;
    }
    io_uring_cq_advance(&ring, count);
    if (!note(measure, echoed)) break;
  }
  close_ring();
}

// MARK: The driver

struct sample_case {
  const char *name;
  bool datagrams;
  void (*serve)(int, struct measure *);
};

static const struct sample_case cases[] = {
    {"io.tcp.ioUring", false, serve_tcp_uring},
    {"io.tcp.epoll", false, serve_tcp_epoll},
    {"io.udp.ioUring", true, serve_udp_uring},
    {"io.udp.epoll", true, serve_udp_epoll},
};
enum { case_count = sizeof cases / sizeof *cases };

static uint64_t message_count(const struct sample_case *one) {
  (void)one;
  return is_smoke ? 5000 : 100000;
}

static void sample(const struct sample_case *one) {
  uint64_t messages = message_count(one);
  struct measure measure = {.begin_at = messages / 10, .end_at = messages};
  uint16_t port;
  int descriptor = open_socket(one->datagrams ? SOCK_DGRAM : SOCK_STREAM, &port);
  capus_load *load = capus_load_begin(
      one->datagrams, port, one->datagrams ? udp_peer_count : tcp_peer_count,
      one->datagrams ? udp_byte_count : tcp_byte_count, one->datagrams ? udp_window : 1, messages,
      capus_load_other_cpu(own_cpu));
  if (load == NULL) fail("thread");
  measure.load = load;
  one->serve(descriptor, &measure);
  uint64_t good = capus_load_end(load);
  // Datagrams that were sent again may come twice.
  if (good > messages) good = messages;
  close(descriptor);
  printf("%llu %llu %llx\n", (unsigned long long)measure.result, (unsigned long long)measure.result,
         (unsigned long long)good);
}

int main(int count, char **words) {
  for (int index = 1; index < count; index++) {
    if (strcmp(words[index], "--suites") == 0) {
      puts("io.tcp io.udp");
      return 0;
    }
    if (index + 1 == count) break;
    if (strcmp(words[index], "--cpu") == 0) own_cpu = atoi(words[index + 1]);
    if (strcmp(words[index], "--size") == 0) is_smoke = strcmp(words[index + 1], "smoke") == 0;
  }
  if (own_cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(own_cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
  }
  setvbuf(stdout, NULL, _IOLBF, 0);
  for (int index = 0; index < case_count; index++) {
    // Of what is measured: the first tenth is not.
    uint64_t messages = message_count(&cases[index]);
    printf("case %s %llu\n", cases[index].name, (unsigned long long)(messages - messages / 10));
  }
  puts("ready");
  char line[128];
  while (fgets(line, sizeof line, stdin) != NULL) {
    line[strcspn(line, "\n")] = 0;
    for (int index = 0; index < case_count; index++) {
      if (strncmp(line, "run ", 4) == 0 && strcmp(line + 4, cases[index].name) == 0) {
        sample(&cases[index]);
      }
    }
  }
  return 0;
}
