// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#define _GNU_SOURCE
#include "CApusPcap.h"

#include <errno.h>
#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct capus_pcap {
  pcap_t *handle;
  capus_pcap_read read;
  void *context;
  uint64_t position;
};

static ssize_t read_cookie(void *cookie, char *bytes, size_t count) {
  capus_pcap *capture = cookie;
  intptr_t result = capture->read(capture->context, bytes, (intptr_t)count);
  if (result < 0) errno = EIO;
  else capture->position += (uint64_t)result;
  return result;
}

// Nothing is sought; ftell asks where the stream is.
static int seek_cookie(void *cookie, off64_t *offset, int whence) {
  capus_pcap *capture = cookie;
  if (whence != SEEK_CUR || *offset != 0) {
    errno = ESPIPE;
    return -1;
  }
  *offset = (off64_t)capture->position;
  return 0;
}

capus_pcap *capus_pcap_open(capus_pcap_read read, void *context, char *error) {
  char text[PCAP_ERRBUF_SIZE] = "out of memory";
  capus_pcap *capture = malloc(sizeof *capture);
  FILE *file = NULL;
  if (capture != NULL) {
    *capture = (capus_pcap){.handle = NULL, .read = read, .context = context, .position = 0};
    file = fopencookie(capture, "r", (cookie_io_functions_t){.read = read_cookie, .seek = seek_cookie});
  }
  if (file != NULL) {
    setvbuf(file, NULL, _IOFBF, 1 << 16);
    capture->handle =
        pcap_fopen_offline_with_tstamp_precision(file, PCAP_TSTAMP_PRECISION_NANO, text);
  }
  if (capture != NULL && capture->handle != NULL) return capture;
  if (file != NULL) fclose(file);
  free(capture);
  memcpy(error, text, PCAP_ERRBUF_SIZE);
  return NULL;
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

capus_pcap_writer *capus_pcap_writer_open(int descriptor) {
  capus_pcap_writer *writer = malloc(sizeof *writer);
  FILE *file = writer != NULL ? fdopen(descriptor, "w") : NULL;
  if (file == NULL) {
    int error = errno;
    free(writer);
    close(descriptor);
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

int capus_pcap_writer_close(capus_pcap_writer *writer) {
  errno = 0;
  int result = pcap_dump_flush(writer->dumper) == 0 ? 0 : -(errno != 0 ? errno : EIO);
  pcap_dump_close(writer->dumper);
  pcap_close(writer->handle);
  free(writer);
  return result;
}
