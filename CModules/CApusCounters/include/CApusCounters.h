// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stddef.h>
#include <stdint.h>

// Why C: a layout that other processes and other languages read; C fixes every offset. See
// docs/formats/counters.md.

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "counter files are little-endian");

/// The bytes `APUSCNTR`.
#define CAPUS_COUNTERS_MAGIC 0x52544E4353555041ull
#define CAPUS_COUNTERS_LAYOUT_VERSION 1

#define CAPUS_COUNTERS_PAGE_BYTE_COUNT 4096
#define CAPUS_COUNTERS_HEADER_BYTE_COUNT 256
#define CAPUS_COUNTERS_RECORD_BYTE_COUNT 1024
/// Two cache lines: the prefetcher of x86 CPUs fetches lines in pairs.
#define CAPUS_COUNTERS_VALUE_BYTE_STRIDE 128
#define CAPUS_COUNTERS_HISTOGRAM_HEADER_BYTE_COUNT 128
#define CAPUS_COUNTERS_SLOT_CAPACITY_MAX 65536
#define CAPUS_COUNTERS_HISTOGRAMS_BYTE_COUNT_MAX (1 << 30)

#define CAPUS_COUNTERS_NAME_OFFSET 128
#define CAPUS_COUNTERS_NAME_BYTE_COUNT_MAX 128
#define CAPUS_COUNTERS_HELP_OFFSET 256
#define CAPUS_COUNTERS_HELP_BYTE_COUNT_MAX 256
#define CAPUS_COUNTERS_LABELS_OFFSET 512
#define CAPUS_COUNTERS_LABELS_BYTE_COUNT_MAX 512

/// At offset 0 of the file.
typedef struct {
  uint64_t magic;
  uint32_t layoutVersion;
  uint32_t headerByteCount;
  uint64_t fileByteCount;
  uint32_t slotCapacity;
  uint32_t recordByteCount;
  uint32_t valueByteStride;
  uint32_t histogramHeaderByteCount;
  uint64_t recordsOffset;
  uint64_t valuesOffset;
  uint64_t histogramsOffset;
  uint64_t histogramsByteCount;
  uint64_t processID;
  uint64_t processStartTicks;
  uint64_t processNamespace;
  uint64_t bootIDHigh;
  uint64_t bootIDLow;
  uint64_t createdNanoseconds;
  uint64_t reserved[1];
  /// Slots that were ever used; those above it were never written. Changes while the file is in use.
  uint64_t slotsUsed;
  /// 1 once the writer has let go of the file. Changes while the file is in use.
  uint64_t closed;
  uint64_t reservedTail[14];
} capus_counters_header;

_Static_assert(sizeof(capus_counters_header) == CAPUS_COUNTERS_HEADER_BYTE_COUNT, "header");
_Static_assert(offsetof(capus_counters_header, layoutVersion) == 8, "layoutVersion");
_Static_assert(offsetof(capus_counters_header, headerByteCount) == 12, "headerByteCount");
_Static_assert(offsetof(capus_counters_header, fileByteCount) == 16, "fileByteCount");
_Static_assert(offsetof(capus_counters_header, slotCapacity) == 24, "slotCapacity");
_Static_assert(offsetof(capus_counters_header, recordByteCount) == 28, "recordByteCount");
_Static_assert(offsetof(capus_counters_header, valueByteStride) == 32, "valueByteStride");
_Static_assert(offsetof(capus_counters_header, histogramHeaderByteCount) == 36, "histogramHeader");
_Static_assert(offsetof(capus_counters_header, recordsOffset) == 40, "recordsOffset");
_Static_assert(offsetof(capus_counters_header, valuesOffset) == 48, "valuesOffset");
_Static_assert(offsetof(capus_counters_header, histogramsOffset) == 56, "histogramsOffset");
_Static_assert(offsetof(capus_counters_header, histogramsByteCount) == 64, "histogramsByteCount");
_Static_assert(offsetof(capus_counters_header, processID) == 72, "processID");
_Static_assert(offsetof(capus_counters_header, processStartTicks) == 80, "processStartTicks");
_Static_assert(offsetof(capus_counters_header, processNamespace) == 88, "processNamespace");
_Static_assert(offsetof(capus_counters_header, bootIDHigh) == 96, "bootIDHigh");
_Static_assert(offsetof(capus_counters_header, bootIDLow) == 104, "bootIDLow");
_Static_assert(offsetof(capus_counters_header, createdNanoseconds) == 112, "createdNanoseconds");
_Static_assert(offsetof(capus_counters_header, slotsUsed) == 128, "slotsUsed");
_Static_assert(offsetof(capus_counters_header, closed) == 136, "closed");

enum {
  CAPUS_COUNTERS_STATE_UNUSED = 0,
  /// Being written: nothing of the record or its value means anything.
  CAPUS_COUNTERS_STATE_RESERVED = 1,
  CAPUS_COUNTERS_STATE_LIVE = 2,
  CAPUS_COUNTERS_STATE_FREED = 3,
};

enum {
  CAPUS_COUNTERS_KIND_COUNTER = 1,
  CAPUS_COUNTERS_KIND_GAUGE = 2,
  CAPUS_COUNTERS_KIND_HISTOGRAM = 3,
};

/// Front of a record; name, help and labels follow at their own offsets.
typedef struct {
  /// Generation in the upper half, one of CAPUS_COUNTERS_STATE_… in the lower.
  uint64_t state;
  uint32_t kind;
  uint32_t nameByteCount;
  uint32_t helpByteCount;
  uint32_t labelCount;
  uint32_t labelsByteCount;
  uint32_t significantDigits;
  uint64_t histogramOffset;
  uint64_t histogramByteCount;
  uint64_t lowestDiscernible;
  uint64_t highestTrackable;
  uint64_t registeredNanoseconds;
  uint64_t reserved[7];
} capus_counters_record;

_Static_assert(sizeof(capus_counters_record) == CAPUS_COUNTERS_NAME_OFFSET, "record");
_Static_assert(offsetof(capus_counters_record, state) == 0, "state");
_Static_assert(offsetof(capus_counters_record, kind) == 8, "kind");
_Static_assert(offsetof(capus_counters_record, nameByteCount) == 12, "nameByteCount");
_Static_assert(offsetof(capus_counters_record, helpByteCount) == 16, "helpByteCount");
_Static_assert(offsetof(capus_counters_record, labelCount) == 20, "labelCount");
_Static_assert(offsetof(capus_counters_record, labelsByteCount) == 24, "labelsByteCount");
_Static_assert(offsetof(capus_counters_record, significantDigits) == 28, "significantDigits");
_Static_assert(offsetof(capus_counters_record, histogramOffset) == 32, "histogramOffset");
_Static_assert(offsetof(capus_counters_record, histogramByteCount) == 40, "histogramByteCount");
_Static_assert(offsetof(capus_counters_record, lowestDiscernible) == 48, "lowestDiscernible");
_Static_assert(offsetof(capus_counters_record, highestTrackable) == 56, "highestTrackable");
_Static_assert(offsetof(capus_counters_record, registeredNanoseconds) == 64, "registered");
_Static_assert(CAPUS_COUNTERS_NAME_OFFSET + CAPUS_COUNTERS_NAME_BYTE_COUNT_MAX ==
                   CAPUS_COUNTERS_HELP_OFFSET, "name");
_Static_assert(CAPUS_COUNTERS_HELP_OFFSET + CAPUS_COUNTERS_HELP_BYTE_COUNT_MAX ==
                   CAPUS_COUNTERS_LABELS_OFFSET, "help");
_Static_assert(CAPUS_COUNTERS_LABELS_OFFSET + CAPUS_COUNTERS_LABELS_BYTE_COUNT_MAX ==
                   CAPUS_COUNTERS_RECORD_BYTE_COUNT, "labels");
