// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stdint.h>

// Why C: libpcap wants a 256-byte error buffer and a FILE pointer, which is made of a callback here so
// that captures come from pipes and through decompression too; its header brings in the socket
// headers of the platform.

typedef struct capus_pcap capus_pcap;

typedef struct capus_pcap_packet {
  const uint8_t *_Nullable bytes;
  uint32_t capturedByteCount;
  uint32_t wireByteCount;
  uint64_t timestampNanoseconds;
} capus_pcap_packet;

/// Reads at most `count` bytes: how many, 0 at the end, -1 for an error.
typedef intptr_t (*capus_pcap_read)(void *_Nullable context, void *_Nullable bytes, intptr_t count);

/// Opens a capture for reading. NULL on failure, with a text of at most 256 bytes in `error`.
capus_pcap *_Nullable capus_pcap_open(capus_pcap_read _Nonnull read, void *_Nullable context,
                                      char *_Nonnull error);
/// DLT_… of the capture.
int capus_pcap_link_type(capus_pcap *_Nonnull capture);
/// 1 for a packet, valid until the next call; 0 at the end; -1 for damage.
int capus_pcap_next(capus_pcap *_Nonnull capture, capus_pcap_packet *_Nonnull packet);
/// Text of the last damage.
const char *_Nonnull capus_pcap_error(capus_pcap *_Nonnull capture);
/// Where the next packet begins in the bytes read.
uint64_t capus_pcap_position(capus_pcap *_Nonnull capture);
void capus_pcap_close(capus_pcap *_Nullable capture);

typedef struct capus_pcap_writer capus_pcap_writer;

/// Begins an Ethernet capture with nanosecond times in a descriptor, which is closed with it. NULL on
/// failure, with errno.
capus_pcap_writer *_Nullable capus_pcap_writer_open(int descriptor);
/// 0, or -errno.
int capus_pcap_writer_write(capus_pcap_writer *_Nonnull writer, const void *_Nonnull bytes,
                            uint32_t byteCount, uint64_t timestampNanoseconds);
/// Flushes and closes: 0, or -errno. The writer is gone either way.
int capus_pcap_writer_close(capus_pcap_writer *_Nonnull writer);
