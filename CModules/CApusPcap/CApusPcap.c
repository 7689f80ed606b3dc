// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include "CApusPcap.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct capus_pcap {
  pcap_t *handle;
};

capus_pcap *capus_pcap_open(const char *path, char *error) {
  char text[PCAP_ERRBUF_SIZE] = {0};
  pcap_t *handle =
      pcap_open_offline_with_tstamp_precision(path, PCAP_TSTAMP_PRECISION_NANO, text);
  if (handle == NULL) {
    memcpy(error, text, PCAP_ERRBUF_SIZE);
    return NULL;
  }
  capus_pcap *capture = malloc(sizeof *capture);
  if (capture == NULL) {
    pcap_close(handle);
    strcpy(error, "out of memory");
    return NULL;
  }
  capture->handle = handle;
  return capture;
}

int capus_pcap_link_type(capus_pcap *capture) { return pcap_datalink(capture->handle); }

int capus_pcap_next(capus_pcap *capture, capus_pcap_packet *packet) {
  struct pcap_pkthdr *header;
  const u_char *bytes;
  int result = pcap_next_ex(capture->handle, &header, &bytes);
  if (result == 1) {
    packet->bytes = bytes;
    packet->capturedByteCount = header->caplen;
    packet->wireByteCount = header->len;
    packet->timestampNanoseconds =
        (uint64_t)header->ts.tv_sec * 1000000000u + (uint64_t)header->ts.tv_usec;
    return 1;
  }
  return result == PCAP_ERROR_BREAK ? 0 : -1;
}

const char *capus_pcap_error(capus_pcap *capture) { return pcap_geterr(capture->handle); }

uint64_t capus_pcap_position(capus_pcap *capture) {
  long position = ftell(pcap_file(capture->handle));
  return position < 0 ? 0 : (uint64_t)position;
}

void capus_pcap_close(capus_pcap *capture) {
  if (capture == NULL) return;
  pcap_close(capture->handle);
  free(capture);
}

struct capus_pcap_writer {
  pcap_t *handle;
  pcap_dumper_t *dumper;
};

capus_pcap_writer *capus_pcap_writer_open(const char *path) {
  capus_pcap_writer *writer = malloc(sizeof *writer);
  if (writer == NULL) return NULL;
  FILE *file = fopen(path, "we");
  if (file == NULL) {
    int error = errno;
    free(writer);
    errno = error;
    return NULL;
  }
  setvbuf(file, NULL, _IOFBF, 1 << 20);
  writer->handle =
      pcap_open_dead_with_tstamp_precision(DLT_EN10MB, 65535, PCAP_TSTAMP_PRECISION_NANO);
  writer->dumper = writer->handle != NULL ? pcap_dump_fopen(writer->handle, file) : NULL;
  if (writer->dumper == NULL) {
    if (writer->handle != NULL) pcap_close(writer->handle);
    else fclose(file);
    free(writer);
    errno = ENOMEM;
    return NULL;
  }
  return writer;
}

int capus_pcap_writer_write(capus_pcap_writer *writer, const void *bytes, uint32_t byteCount,
                            uint64_t timestampNanoseconds) {
  struct pcap_pkthdr header = {.caplen = byteCount, .len = byteCount};
  header.ts.tv_sec = (time_t)(timestampNanoseconds / 1000000000u);
  header.ts.tv_usec = (suseconds_t)(timestampNanoseconds % 1000000000u);
  errno = 0;
  pcap_dump((u_char *)writer->dumper, &header, bytes);
  return ferror(pcap_dump_file(writer->dumper)) ? -(errno != 0 ? errno : EIO) : 0;
}

int capus_pcap_writer_flush(capus_pcap_writer *writer) {
  errno = 0;
  if (pcap_dump_flush(writer->dumper) != 0) return -(errno != 0 ? errno : EIO);
  return fileno(pcap_dump_file(writer->dumper));
}

int capus_pcap_writer_close(capus_pcap_writer *writer) {
  errno = 0;
  int result = pcap_dump_flush(writer->dumper) == 0 ? 0 : -(errno != 0 ? errno : EIO);
  pcap_dump_close(writer->dumper);
  pcap_close(writer->handle);
  free(writer);
  return result;
}
