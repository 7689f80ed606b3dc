// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stddef.h>
#include <stdint.h>

// Why C: liburing's queues are macros and inline functions over memory shared with the kernel, and
// recvmmsg, sendmmsg, accept4, epoll_pwait2 and control messages are GNU extensions or macros that
// Swift's overlay of the C library leaves out. Calls return 0 or a count, or -errno.

// MARK: Addresses

/// An address as the kernel takes it: its length and a sockaddr_in or sockaddr_in6, the rest zero.
typedef struct {
  uint32_t byte_count;
  uint8_t bytes[28];
} capus_address;

enum { capus_family_ipv4 = 2, capus_family_ipv6 = 10 };

/// Room before the bytes of a received datagram: the kernel's header of a multishot receive (16 bytes,
/// the first of which tell the length of the address), then the address.
enum { capus_datagram_headroom = 16 + 32 };

/// Reads a numeric IPv4 or IPv6 address (with a scope such as %eth0). -EINVAL for anything else.
int capus_address_parse(capus_address *_Nonnull address, const char *_Nonnull text, uint16_t port);
/// Writes an address without its port, as text that ends in 0.
int capus_address_format(const capus_address *_Nonnull address, char *_Nonnull text, size_t size);

// MARK: Sockets

enum {
  capus_socket_reuse_port = 1,
  capus_socket_multicast_loop = 2,
};

/// Opens a socket that does not block and is closed in other programs; `datagrams` for UDP.
int capus_socket_open(int family, int datagrams);
/// Binds; SO_REUSEADDR is set for streams. `bound` gets the address with the port that the kernel chose.
int capus_socket_bind(int descriptor, const capus_address *_Nonnull address, unsigned flags,
                      capus_address *_Nonnull bound);
int capus_socket_listen(int descriptor, int backlog);
/// Begins to connect: 0 when it stands, -EINPROGRESS when it is being made.
int capus_socket_connect(int descriptor, const capus_address *_Nonnull address);
/// The error that waits at a socket, as a positive errno; 0 for none.
int capus_socket_error(int descriptor);
int capus_socket_peer_address(int descriptor, capus_address *_Nonnull address);
int capus_socket_no_delay(int descriptor);
/// Sets the sizes of the kernel's buffers; 0 leaves one as it is.
int capus_socket_buffers(int descriptor, int receive_byte_count, int send_byte_count);
/// Makes close() reset the connection.
int capus_socket_reset_on_close(int descriptor);
/// Resets a connection now; operations that wait for it end.
int capus_socket_reset(int descriptor);
/// Joins a group on the interface of an address (its index for IPv6); NULL lets the kernel choose.
int capus_socket_join(int descriptor, const capus_address *_Nonnull group,
                      const capus_address *_Nullable interface);
/// Where multicast of this socket goes, how far, and whether this machine hears it too.
int capus_socket_multicast(int descriptor, const capus_address *_Nullable interface, int hops,
                           int loops);
int capus_socket_accept(int listener);
int capus_socket_shutdown(int descriptor, int sends_only);
int capus_descriptor_close(int descriptor);

/// A Unix socket that listens at a path with these permissions. A socket file on which nobody listens is
/// replaced; any other file gives -EEXIST, and a live listener -EADDRINUSE.
int capus_unix_listen(const char *_Nonnull path, int backlog, unsigned permissions);
int capus_unix_connect(const char *_Nonnull path);
/// Effective user of the process at the other end, or -errno.
int64_t capus_unix_peer_user(int descriptor);

/// Pieces of memory that are sent in one call.
typedef struct {
  const void *_Nullable bytes;
  size_t byte_count;
} capus_piece;

/// Sends pieces; no signal for a connection that is closed.
int64_t capus_socket_send(int descriptor, const capus_piece *_Nonnull pieces, unsigned count);
int64_t capus_socket_receive(int descriptor, void *_Nonnull bytes, size_t byte_count);
/// Sends bytes and a descriptor with the first of them.
int64_t capus_unix_send(int descriptor, const void *_Nonnull bytes, size_t byte_count, int passed);
/// Descriptors that came with bytes.
typedef struct {
  int descriptors[4];
  uint32_t count;
  /// Further ones, which are closed.
  uint32_t dropped;
} capus_passed;

int64_t capus_unix_receive(int descriptor, void *_Nonnull bytes, size_t byte_count,
                           capus_passed *_Nonnull passed);

// MARK: Datagrams

typedef struct {
  /// Received: the start of the headroom. Sent: the bytes.
  void *_Nonnull bytes;
  /// Received: room for the datagram, then its length. Sent: its length.
  uint32_t byte_count;
  uint32_t is_truncated;
  /// The caller's.
  uint32_t tag;
  /// Sent: where to; a byte count of 0 sends to the address that the socket is connected to.
  capus_address address;
} capus_datagram;

enum { capus_datagram_batch = 32, capus_message_truncated = 0x20 };

/// Receives up to `capus_datagram_batch` datagrams with one system call.
int capus_datagrams_receive(int descriptor, capus_datagram *_Nonnull datagrams, unsigned count);
/// Sends up to `capus_datagram_batch` datagrams with one system call; how many were taken.
int capus_datagrams_send(int descriptor, const capus_datagram *_Nonnull datagrams, unsigned count);

// MARK: epoll

typedef struct {
  uint64_t tag;
  uint32_t events;
} capus_ready;

/// `capus_ready_end`: the other side has ended or there is an error, which a read will tell.
enum { capus_ready_in = 1, capus_ready_out = 2, capus_ready_end = 4 };

int capus_epoll_create(void);
/// Watches a descriptor, edge-triggered, for reading and, with `writes`, for writing.
int capus_epoll_add(int epoll, int descriptor, int writes, uint64_t tag);
/// Waits until something is ready; how many, or -errno.
int capus_epoll_wait(int epoll, capus_ready *_Nonnull ready, unsigned count, uint64_t nanoseconds);

/// A descriptor to wake a thread with, and its reading and writing.
int capus_wake_create(void);
int capus_wake_write(int descriptor);
int capus_wake_read(int descriptor);

// MARK: Files

/// Opens a regular file or a disk: `writes` creates a file, private to its owner. -ESPIPE for what is none.
int capus_io_file_open(const char *_Nonnull path, int writes);
int64_t capus_io_file_read(int descriptor, void *_Nonnull bytes, size_t byte_count, uint64_t offset);
int64_t capus_io_file_write(int descriptor, const void *_Nonnull bytes, size_t byte_count,
                            uint64_t offset);
int capus_io_file_sync(int descriptor);

// MARK: io_uring

typedef struct capus_loop capus_loop;

typedef struct {
  uint64_t tag;
  int32_t result;
  uint32_t flags;
} capus_completion;

enum {
  capus_completion_more = 1,
  capus_completion_has_buffer = 2,
  capus_completion_buffer_shift = 16,
};

/// Sets up a ring for one thread, that of its first call of `capus_loop_enter`. The kernel may refuse
/// (ENOSYS, EPERM, EINVAL of kernels before 6.1, ENOMEM).
int capus_loop_create(capus_loop *_Nullable *_Nonnull loop, unsigned entry_count,
                      unsigned completion_count, unsigned file_count);
void capus_loop_destroy(capus_loop *_Nullable loop);

/// Gives the kernel a group of buffers to receive into. `ring` has room for `buffer_count` entries of 16
/// bytes, begins at a page, and `buffer_count` is a power of two of at most 32,768.
int capus_loop_add_group(capus_loop *_Nonnull loop, int group, void *_Nonnull ring,
                         unsigned buffer_count);
/// Gives one buffer (back) to the kernel, which sees it after `capus_loop_publish_buffers`.
void capus_loop_return_buffer(capus_loop *_Nonnull loop, int group, void *_Nonnull bytes,
                              unsigned byte_count, unsigned index);
void capus_loop_publish_buffers(capus_loop *_Nonnull loop, int group);

/// Puts a descriptor into the table of registered files, or takes one out with -1.
int capus_loop_register(capus_loop *_Nonnull loop, unsigned slot, int descriptor);

// Each takes one entry of the queue: 0, or -EBUSY where it is full, which `capus_loop_enter` empties.
// `slot` names a registered file.
int capus_loop_accept(capus_loop *_Nonnull loop, unsigned slot, uint64_t tag);
int capus_loop_receive(capus_loop *_Nonnull loop, unsigned slot, int group, uint64_t tag);
int capus_loop_receive_datagrams(capus_loop *_Nonnull loop, unsigned slot, int group, uint64_t tag);
int capus_loop_send(capus_loop *_Nonnull loop, unsigned slot, const capus_piece *_Nonnull pieces,
                    unsigned count, uint64_t tag);
/// `address` is read when the entry is submitted, as the bytes are.
int capus_loop_send_datagram(capus_loop *_Nonnull loop, unsigned slot,
                             const capus_datagram *_Nonnull datagram,
                             const void *_Nonnull address, uint64_t tag);
int capus_loop_poll(capus_loop *_Nonnull loop, unsigned slot, int writes, int is_multishot,
                    uint64_t tag);
int capus_loop_read(capus_loop *_Nonnull loop, unsigned slot, void *_Nonnull bytes,
                    unsigned byte_count, uint64_t offset, uint64_t tag);
int capus_loop_write(capus_loop *_Nonnull loop, unsigned slot, const void *_Nonnull bytes,
                     unsigned byte_count, uint64_t offset, uint64_t tag);
int capus_loop_sync(capus_loop *_Nonnull loop, unsigned slot, uint64_t tag);
/// Cancels what was begun with this tag; the cancellation itself completes with `own_tag`.
int capus_loop_cancel(capus_loop *_Nonnull loop, uint64_t tag, uint64_t own_tag);
/// Cancels everything of a registered file.
int capus_loop_cancel_slot(capus_loop *_Nonnull loop, unsigned slot, uint64_t own_tag);
/// Queues the cancellation of everything that was begun, without a completion that the caller awaits.
/// -EPERM on another thread than the loop's, -ENOENT where nothing was ever submitted.
int capus_loop_cancel_everything(capus_loop *_Nonnull loop);

/// Submits what is queued and waits, at most so long, for a completion; with 0 it takes what there is,
/// and makes no system call where nothing is queued and nothing has come. The count of system calls (0 or 1),
/// or -errno of the one that failed.
int capus_loop_enter(capus_loop *_Nonnull loop, uint64_t nanoseconds);
/// Takes completions; how many.
unsigned capus_loop_take(capus_loop *_Nonnull loop, capus_completion *_Nonnull completions,
                         unsigned count);
