// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#define _GNU_SOURCE
#include "CApusIO.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

enum { passed_max = 16 };

static int take_path(struct sockaddr_un *address, const char *path) {
  size_t length = strlen(path);
  if (length == 0) return -EINVAL;
  if (length >= sizeof address->sun_path) return -ENAMETOOLONG;
  memset(address, 0, sizeof *address);
  address->sun_family = AF_UNIX;
  memcpy(address->sun_path, path, length);
  return 0;
}

static int open_stream(void) {
  int descriptor = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  return descriptor >= 0 ? descriptor : -errno;
}

int capus_unix_connect(const char *path) {
  struct sockaddr_un address;
  int result = take_path(&address, path);
  if (result < 0) return result;
  int descriptor = open_stream();
  if (descriptor < 0) return descriptor;
  if (connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0) return descriptor;
  result = -errno;
  close(descriptor);
  return result;
}

// Takes a socket file of a process that is gone out of the way.
static int remove_stale(const char *path) {
  struct stat found;
  if (lstat(path, &found) != 0) return errno == ENOENT ? 0 : -errno;
  if (!S_ISSOCK(found.st_mode)) return -EEXIST;
  int peer = capus_unix_connect(path);
  if (peer >= 0) close(peer);
  if (peer != -ECONNREFUSED) return -EADDRINUSE;
  return unlink(path) == 0 || errno == ENOENT ? 0 : -errno;
}

int capus_unix_listen(const char *path, int backlog, unsigned permissions) {
  struct sockaddr_un address;
  int result = take_path(&address, path);
  if (result == 0) result = remove_stale(path);
  if (result < 0) return result;
  int descriptor = open_stream();
  if (descriptor < 0) return descriptor;
  // Before it listens nobody can connect, whatever the file may be opened with until then.
  if (bind(descriptor, (struct sockaddr *)&address, sizeof address) != 0) {
    result = -errno;
  } else if (chmod(path, permissions) != 0 || listen(descriptor, backlog) != 0) {
    result = -errno;
    unlink(path);
  }
  if (result == 0) return descriptor;
  close(descriptor);
  return result;
}

int64_t capus_unix_peer_user(int descriptor) {
  struct ucred peer;
  socklen_t length = sizeof peer;
  if (getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &peer, &length) != 0) return -errno;
  return (int64_t)peer.uid;
}

int64_t capus_unix_send(int descriptor, const void *bytes, size_t byte_count, int passed) {
  union {
    char room[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
  } control;
  memset(&control, 0, sizeof control);
  struct iovec piece = {.iov_base = (void *)bytes, .iov_len = byte_count};
  struct msghdr message = {.msg_iov = &piece,
                           .msg_iovlen = 1,
                           .msg_control = control.room,
                           .msg_controllen = sizeof control.room};
  struct cmsghdr *header = CMSG_FIRSTHDR(&message);
  header->cmsg_level = SOL_SOCKET;
  header->cmsg_type = SCM_RIGHTS;
  header->cmsg_len = CMSG_LEN(sizeof(int));
  memcpy(CMSG_DATA(header), &passed, sizeof passed);
  ssize_t sent = sendmsg(descriptor, &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  return sent >= 0 ? sent : -errno;
}

int64_t capus_unix_receive(int descriptor, void *bytes, size_t byte_count, capus_passed *passed) {
  union {
    char room[CMSG_SPACE(passed_max * sizeof(int))];
    struct cmsghdr align;
  } control;
  struct iovec piece = {.iov_base = bytes, .iov_len = byte_count};
  struct msghdr message = {.msg_iov = &piece,
                           .msg_iovlen = 1,
                           .msg_control = control.room,
                           .msg_controllen = sizeof control.room};
  passed->count = 0;
  passed->dropped = 0;
  ssize_t received = recvmsg(descriptor, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (received < 0) return -errno;
  // The kernel has closed what had no room.
  if (message.msg_flags & MSG_CTRUNC) passed->dropped += 1;
  for (struct cmsghdr *header = CMSG_FIRSTHDR(&message); header != NULL;
       header = CMSG_NXTHDR(&message, header)) {
    if (header->cmsg_level != SOL_SOCKET || header->cmsg_type != SCM_RIGHTS) continue;
    size_t count = (header->cmsg_len - CMSG_LEN(0)) / sizeof(int);
    for (size_t index = 0; index < count; index++) {
      int one;
      memcpy(&one, CMSG_DATA(header) + index * sizeof one, sizeof one);
      if (passed->count < sizeof passed->descriptors / sizeof(int)) {
        passed->descriptors[passed->count++] = one;
      } else {
        close(one);
        passed->dropped += 1;
      }
    }
  }
  return received;
}
