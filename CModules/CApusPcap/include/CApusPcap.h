// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stdint.h>

// Why C: libpcap wants a 256-byte error buffer and a FILE pointer, and its header brings in the
// socket headers of the platform.

typedef struct capus_pcap capus_pcap;

typedef struct capus_pcap_packet {
  const uint8_t *_Nullable bytes;
  uint32_t capturedByteCount;
  uint32_t wireByteCount;
  uint64_t timestampNanoseconds;
} capus_pcap_packet;

/// Opens a capture for reading. NULL on failure, with a text of at most 256 bytes in `error`.
capus_pcap *_Nullable capus_pcap_open(const char *_Nonnull path, char *_Nonnull error);
/// DLT_… of the capture.
int capus_pcap_link_type(capus_pcap *_Nonnull capture);
/// 1 for a packet, valid until the next call; 0 at the end; -1 for damage.
int capus_pcap_next(capus_pcap *_Nonnull capture, capus_pcap_packet *_Nonnull packet);
/// Text of the last damage.
const char *_Nonnull capus_pcap_error(capus_pcap *_Nonnull capture);
/// Bytes of the file read so far.
uint64_t capus_pcap_position(capus_pcap *_Nonnull capture);
void capus_pcap_close(capus_pcap *_Nullable capture);

typedef struct capus_pcap_writer capus_pcap_writer;

/// Begins an Ethernet capture with nanosecond times. NULL on failure, with errno.
capus_pcap_writer *_Nullable capus_pcap_writer_open(const char *_Nonnull path);
/// 0, or -errno.
int capus_pcap_writer_write(capus_pcap_writer *_Nonnull writer, const void *_Nonnull bytes,
                            uint32_t byteCount, uint64_t timestampNanoseconds);
/// Flushes: the file's descriptor, which stays the writer's, or -errno.
int capus_pcap_writer_flush(capus_pcap_writer *_Nonnull writer);

/// Flushes and closes: 0, or -errno. The writer is gone either way.
int capus_pcap_writer_close(capus_pcap_writer *_Nonnull writer);
