// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#define _GNU_SOURCE
#include "CApusIOLoad.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { batch = 256, message_max = 2048 };

struct peer {
  int descriptor;
  unsigned came;      // bytes of the message that comes
  unsigned under_way; // messages
};

struct capus_load {
  pthread_t thread;
  bool datagrams;
  uint16_t port;
  unsigned peer_count, byte_count, window;
  uint64_t message_count, sent, received, good;
  int cpu;
  bool is_done;
  uint8_t message[message_max];
};

static void send_one(capus_load *load, struct peer *peer) {
  if (load->sent == load->message_count) return;
  // A socket that takes less than a message of a few bytes would be a fault of this program.
  if (send(peer->descriptor, load->message, load->byte_count, MSG_NOSIGNAL | MSG_DONTWAIT) ==
      (ssize_t)load->byte_count) {
    load->sent++;
    peer->under_way++;
  }
}

static void receive(capus_load *load, struct peer *peer) {
  uint8_t bytes[message_max];
  while (true) {
    unsigned wanted = load->datagrams ? message_max : load->window * load->byte_count - peer->came;
    if (wanted > message_max) wanted = message_max;
    ssize_t count = recv(peer->descriptor, bytes, wanted, MSG_DONTWAIT);
    if (count <= 0) return;
    unsigned done = 1;
    if (load->datagrams) {
      if (count == load->byte_count && memcmp(bytes, load->message, (size_t)count) == 0) load->good++;
    } else {
      peer->came += (unsigned)count;
      done = peer->came / load->byte_count;
      peer->came %= load->byte_count;
      // Messages are alike, so that any piece of them can be told.
      if (bytes[0] == load->message[0] && bytes[count - 1] == load->message[0]) load->good += done;
    }
    load->received += done;
    peer->under_way -= done;
    for (; done > 0; done--) send_one(load, peer);
    if (!load->datagrams) return;
  }
}

static void *run(void *argument) {
  capus_load *load = argument;
  if (load->cpu >= 0) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(load->cpu, &set);
    sched_setaffinity(0, sizeof set, &set);
  }
  struct peer *peers = calloc(load->peer_count, sizeof *peers);
  int epoll = epoll_create1(EPOLL_CLOEXEC);
  struct sockaddr_in address = {.sin_family = AF_INET,
                                .sin_port = htons(load->port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
  for (unsigned index = 0; index < load->peer_count; index++) {
    int type = load->datagrams ? SOCK_DGRAM : SOCK_STREAM;
    peers[index].descriptor = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (connect(peers[index].descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
      load->message_count = 0;
    }
    int one = 1;
    if (!load->datagrams) {
      setsockopt(peers[index].descriptor, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    }
    struct epoll_event event = {.events = EPOLLIN, .data.u32 = index};
    epoll_ctl(epoll, EPOLL_CTL_ADD, peers[index].descriptor, &event);
  }
  for (unsigned place = 0; place < load->window; place++) {
    for (unsigned index = 0; index < load->peer_count; index++) send_one(load, &peers[index]);
  }
  struct epoll_event events[batch];
  while (load->received < load->message_count) {
    int count = epoll_wait(epoll, events, batch, load->datagrams ? 200 : 5000);
    if (count == 0) {
      // A datagram may be lost; a connection that is silent for so long is over.
      if (!load->datagrams) break;
      for (unsigned index = 0; index < load->peer_count; index++) {
        load->sent -= peers[index].under_way;
        peers[index].under_way = 0;
        for (unsigned place = 0; place < load->window; place++) send_one(load, &peers[index]);
      }
    }
    for (int index = 0; index < count; index++) receive(load, &peers[events[index].data.u32]);
  }
  for (unsigned index = 0; index < load->peer_count; index++) close(peers[index].descriptor);
  close(epoll);
  free(peers);
  __atomic_store_n(&load->is_done, true, __ATOMIC_RELEASE);
  return NULL;
}

capus_load *capus_load_begin(int datagrams, uint16_t port, unsigned peer_count, unsigned byte_count,
                             unsigned window, uint64_t message_count, int cpu) {
  capus_load *load = calloc(1, sizeof *load);
  if (load == NULL) return NULL;
  load->datagrams = datagrams;
  load->port = port;
  load->peer_count = peer_count;
  load->byte_count = byte_count > message_max ? message_max : byte_count;
  load->window = window;
  load->message_count = message_count;
  load->cpu = cpu;
  memset(load->message, 0x5A, sizeof load->message);
  if (pthread_create(&load->thread, NULL, run, load) != 0) {
    free(load);
    return NULL;
  }
  return load;
}

int capus_load_is_done(const capus_load *load) {
  return __atomic_load_n(&load->is_done, __ATOMIC_ACQUIRE);
}

uint64_t capus_load_end(capus_load *load) {
  pthread_join(load->thread, NULL);
  uint64_t good = load->good;
  free(load);
  return good;
}

int capus_load_other_cpu(int cpu) {
  // Of the process: the calling thread is bound already.
  cpu_set_t set;
  if (sched_getaffinity(getpid(), sizeof set, &set) != 0) return -1;
  long count = sysconf(_SC_NPROCESSORS_ONLN);
  for (int other = 0; other < count; other++) {
    if (other != cpu) return other;
  }
  return -1;
}
