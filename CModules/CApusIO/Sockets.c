// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#define _GNU_SOURCE
#include "CApusIO.h"

#include <arpa/inet.h>
#include <errno.h>
#include <net/if.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(sizeof(((capus_address *)0)->bytes) >= sizeof(struct sockaddr_in6), "address");

_Static_assert(capus_message_truncated == MSG_TRUNC, "flag");
_Static_assert(capus_family_ipv4 == AF_INET && capus_family_ipv6 == AF_INET6, "family");

static const struct sockaddr *raw(const capus_address *address) {
  return (const struct sockaddr *)address->bytes;
}

static int take(capus_address *address, const struct sockaddr *from, socklen_t length) {
  memset(address, 0, sizeof *address);
  if (length > sizeof address->bytes) return -EAFNOSUPPORT;
  memcpy(address->bytes, from, length);
  address->byte_count = length;
  return 0;
}

int capus_address_parse(capus_address *address, const char *text, uint16_t port) {
  char service[8];
  snprintf(service, sizeof service, "%u", port);
  struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV, .ai_socktype = SOCK_STREAM};
  struct addrinfo *found = NULL;
  // It takes forms such as "127.1" and "" too, which people do not mean.
  if (strchr(text, ':') == NULL) {
    struct in_addr exact;
    if (inet_pton(AF_INET, text, &exact) != 1) return -EINVAL;
  }
  if (getaddrinfo(text, service, &hints, &found) != 0 || found == NULL) return -EINVAL;
  int result = take(address, found->ai_addr, found->ai_addrlen);
  freeaddrinfo(found);
  return result;
}

int capus_address_format(const capus_address *address, char *text, size_t size) {
  int result = getnameinfo(raw(address), address->byte_count, text, (socklen_t)size, NULL, 0,
                           NI_NUMERICHOST);
  return result == 0 ? 0 : -EINVAL;
}

int capus_socket_open(int family, int datagrams) {
  int type = (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_NONBLOCK | SOCK_CLOEXEC;
  int descriptor = socket(family, type, 0);
  return descriptor >= 0 ? descriptor : -errno;
}

static int set(int descriptor, int level, int name, int value) {
  return setsockopt(descriptor, level, name, &value, sizeof value) == 0 ? 0 : -errno;
}

static int local_address(int descriptor, capus_address *address) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  if (getsockname(descriptor, (struct sockaddr *)&storage, &length) != 0) return -errno;
  return take(address, (struct sockaddr *)&storage, length);
}

int capus_socket_peer_address(int descriptor, capus_address *address) {
  struct sockaddr_storage storage;
  socklen_t length = sizeof storage;
  if (getpeername(descriptor, (struct sockaddr *)&storage, &length) != 0) return -errno;
  return take(address, (struct sockaddr *)&storage, length);
}

int capus_socket_bind(int descriptor, const capus_address *address, unsigned flags,
                      capus_address *bound) {
  int type = 0, result = 0;
  socklen_t length = sizeof type;
  if (getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &length) != 0) return -errno;
  // UDP sockets with it share a port, even one that the kernel chooses.
  if (type == SOCK_STREAM) result = set(descriptor, SOL_SOCKET, SO_REUSEADDR, 1);
  if (result == 0 && (flags & capus_socket_reuse_port)) {
    result = set(descriptor, SOL_SOCKET, SO_REUSEPORT, 1);
  }
  if (result < 0) return result;
  if (bind(descriptor, raw(address), address->byte_count) != 0) return -errno;
  return local_address(descriptor, bound);
}

int capus_socket_listen(int descriptor, int backlog) {
  return listen(descriptor, backlog) == 0 ? 0 : -errno;
}

int capus_socket_connect(int descriptor, const capus_address *address) {
  return connect(descriptor, raw(address), address->byte_count) == 0 ? 0 : -errno;
}

int capus_socket_error(int descriptor) {
  int error = 0;
  socklen_t length = sizeof error;
  if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &error, &length) != 0) return errno;
  return error;
}

int capus_socket_no_delay(int descriptor) { return set(descriptor, IPPROTO_TCP, TCP_NODELAY, 1); }

int capus_socket_buffers(int descriptor, int receive_byte_count, int send_byte_count) {
  int result = 0;
  if (receive_byte_count > 0) result = set(descriptor, SOL_SOCKET, SO_RCVBUF, receive_byte_count);
  if (result == 0 && send_byte_count > 0) {
    result = set(descriptor, SOL_SOCKET, SO_SNDBUF, send_byte_count);
  }
  return result;
}

int capus_socket_reset_on_close(int descriptor) {
  struct linger now = {.l_onoff = 1, .l_linger = 0};
  return setsockopt(descriptor, SOL_SOCKET, SO_LINGER, &now, sizeof now) == 0 ? 0 : -errno;
}

int capus_socket_reset(int descriptor) {
  // tcp(7) names it nowhere, connect(2) for datagrams only; TCP has answered it with a reset since Linux 2.4.
  struct sockaddr none = {.sa_family = AF_UNSPEC};
  if (connect(descriptor, &none, sizeof none) == 0) return 0;
  return shutdown(descriptor, SHUT_RDWR) == 0 ? 0 : -errno;
}

int capus_socket_join(int descriptor, const capus_address *group, const capus_address *interface) {
  if (raw(group)->sa_family == AF_INET) {
    struct ip_mreq request = {
        .imr_multiaddr = ((const struct sockaddr_in *)raw(group))->sin_addr};
    if (interface != NULL) {
      request.imr_interface = ((const struct sockaddr_in *)raw(interface))->sin_addr;
    }
    return setsockopt(descriptor, IPPROTO_IP, IP_ADD_MEMBERSHIP, &request, sizeof request) == 0
               ? 0
               : -errno;
  }
  struct ipv6_mreq request = {
      .ipv6mr_multiaddr = ((const struct sockaddr_in6 *)raw(group))->sin6_addr};
  if (interface != NULL) {
    request.ipv6mr_interface = ((const struct sockaddr_in6 *)raw(interface))->sin6_scope_id;
  }
  return setsockopt(descriptor, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &request, sizeof request) == 0
             ? 0
             : -errno;
}

int capus_socket_multicast(int descriptor, const capus_address *interface, int hops, int loops) {
  capus_address own;
  int result = local_address(descriptor, &own);
  if (result < 0) return result;
  if (raw(&own)->sa_family == AF_INET) {
    if (interface != NULL) {
      struct in_addr from = ((const struct sockaddr_in *)raw(interface))->sin_addr;
      if (setsockopt(descriptor, IPPROTO_IP, IP_MULTICAST_IF, &from, sizeof from) != 0) {
        return -errno;
      }
    }
    result = set(descriptor, IPPROTO_IP, IP_MULTICAST_TTL, hops);
    return result < 0 ? result : set(descriptor, IPPROTO_IP, IP_MULTICAST_LOOP, loops);
  }
  if (interface != NULL) {
    result = set(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_IF,
                 (int)((const struct sockaddr_in6 *)raw(interface))->sin6_scope_id);
    if (result < 0) return result;
  }
  result = set(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, hops);
  return result < 0 ? result : set(descriptor, IPPROTO_IPV6, IPV6_MULTICAST_LOOP, loops);
}

int capus_socket_accept(int listener) {
  int descriptor = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
  return descriptor >= 0 ? descriptor : -errno;
}

int capus_socket_shutdown(int descriptor, int sends_only) {
  return shutdown(descriptor, sends_only ? SHUT_WR : SHUT_RDWR) == 0 ? 0 : -errno;
}

int capus_descriptor_close(int descriptor) { return close(descriptor) == 0 ? 0 : -errno; }

_Static_assert(sizeof(capus_piece) == sizeof(struct iovec), "piece");
_Static_assert(offsetof(capus_piece, bytes) == offsetof(struct iovec, iov_base), "piece");
_Static_assert(offsetof(capus_piece, byte_count) == offsetof(struct iovec, iov_len), "piece");

int64_t capus_socket_send(int descriptor, const capus_piece *pieces, unsigned count) {
  if (count == 1) {
    // The kernel copies no header and no vector.
    ssize_t taken = send(descriptor, pieces->bytes, pieces->byte_count, MSG_NOSIGNAL | MSG_DONTWAIT);
    return taken >= 0 ? taken : -errno;
  }
  struct msghdr message = {.msg_iov = (struct iovec *)pieces, .msg_iovlen = count};
  ssize_t sent = sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent >= 0 ? sent : -errno;
}

int64_t capus_socket_receive(int descriptor, void *bytes, size_t byte_count) {
  ssize_t received = recv(descriptor, bytes, byte_count, MSG_DONTWAIT);
  return received >= 0 ? received : -errno;
}

int capus_datagrams_receive(int descriptor, capus_datagram *datagrams, unsigned count) {
  struct mmsghdr messages[capus_datagram_batch];
  struct iovec pieces[capus_datagram_batch];
  if (count > capus_datagram_batch) count = capus_datagram_batch;
  for (unsigned index = 0; index < count; index++) {
    uint8_t *start = datagrams[index].bytes;
    pieces[index] = (struct iovec){.iov_base = start + capus_datagram_headroom,
                                   .iov_len = datagrams[index].byte_count};
    messages[index] = (struct mmsghdr){.msg_hdr = {.msg_name = start + 16,
                                                   .msg_namelen = 32,
                                                   .msg_iov = &pieces[index],
                                                   .msg_iovlen = 1}};
  }
  int received = recvmmsg(descriptor, messages, count, MSG_DONTWAIT, NULL);
  if (received < 0) return -errno;
  for (int index = 0; index < received; index++) {
    uint32_t length = messages[index].msg_hdr.msg_namelen;
    memcpy(datagrams[index].bytes, &length, sizeof length);
    datagrams[index].byte_count = messages[index].msg_len;
    datagrams[index].is_truncated = (messages[index].msg_hdr.msg_flags & MSG_TRUNC) != 0;
  }
  return received;
}

int capus_datagrams_send(int descriptor, const capus_datagram *datagrams, unsigned count) {
  struct mmsghdr messages[capus_datagram_batch];
  struct iovec pieces[capus_datagram_batch];
  if (count > capus_datagram_batch) count = capus_datagram_batch;
  for (unsigned index = 0; index < count; index++) {
    const capus_datagram *one = &datagrams[index];
    pieces[index] = (struct iovec){.iov_base = one->bytes, .iov_len = one->byte_count};
    messages[index] = (struct mmsghdr){
        .msg_hdr = {.msg_name = one->address.byte_count > 0 ? (void *)one->address.bytes : NULL,
                    .msg_namelen = one->address.byte_count,
                    .msg_iov = &pieces[index],
                    .msg_iovlen = 1}};
  }
  int sent = sendmmsg(descriptor, messages, count, MSG_DONTWAIT | MSG_NOSIGNAL);
  return sent >= 0 ? sent : -errno;
}
