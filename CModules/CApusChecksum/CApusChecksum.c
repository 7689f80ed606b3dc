// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include "CApusChecksum.h"

#include <string.h>

#if defined(__x86_64__)
#include <nmmintrin.h>
#elif defined(__aarch64__) && defined(__linux__)
#include <arm_acle.h>
#include <sys/auxv.h>
#endif

// The Castagnoli polynomial, bits reversed.
#define POLYNOMIAL 0x82f63b78u

// slices[k][b]: the checksum of byte b followed by k zero bytes.
static uint32_t slices[8][256];

// Three streams run side by side because the instruction has a latency of three cycles and a
// throughput of one. Joining them needs the first checksum moved past the zeros of the others: a
// linear map of 32 bits, kept as four tables of one byte each.
enum { SHORT_BLOCK = 256, LONG_BLOCK = 4096 };
static uint32_t past_short[4][256], past_long[4][256];

static uint32_t (*crc32c_chosen)(uint32_t, const void *, size_t) = capus_crc32c_software;
static int is_hardware;

static inline uint64_t load64(const uint8_t *bytes) {
  uint64_t word;
  memcpy(&word, bytes, sizeof word);
  return word;
}

uint32_t capus_crc32c_software(uint32_t seed, const void *source, size_t byte_count) {
  const uint8_t *bytes = source;
  uint32_t crc = ~seed;
  for (; byte_count >= 8; bytes += 8, byte_count -= 8) {
    uint64_t word = load64(bytes) ^ crc;
    crc = slices[7][word & 255] ^ slices[6][word >> 8 & 255] ^ slices[5][word >> 16 & 255] ^
          slices[4][word >> 24 & 255] ^ slices[3][word >> 32 & 255] ^ slices[2][word >> 40 & 255] ^
          slices[1][word >> 48 & 255] ^ slices[0][word >> 56];
  }
  for (; byte_count > 0; bytes++, byte_count--) crc = crc >> 8 ^ slices[0][(crc ^ *bytes) & 255];
  return ~crc;
}

static inline uint32_t move(const uint32_t table[4][256], uint32_t crc) {
  return table[0][crc & 255] ^ table[1][crc >> 8 & 255] ^ table[2][crc >> 16 & 255] ^
         table[3][crc >> 24];
}

#if defined(__x86_64__)
#define HARDWARE __attribute__((target("sse4.2")))
#define STEP64(crc, word) _mm_crc32_u64(crc, word)
#define STEP32(crc, word) _mm_crc32_u32((uint32_t)(crc), word)
#define STEP8(crc, byte) _mm_crc32_u8((uint32_t)(crc), byte)
#elif defined(__aarch64__) && defined(__linux__)
#define HARDWARE __attribute__((target("crc")))
#define STEP64(crc, word) __crc32cd((uint32_t)(crc), word)
#define STEP32(crc, word) __crc32cw((uint32_t)(crc), word)
#define STEP8(crc, byte) __crc32cb((uint32_t)(crc), byte)
#endif

#if defined(HARDWARE)
HARDWARE static inline uint64_t three_streams(uint64_t crc, const uint8_t *bytes, size_t block,
                                              const uint32_t past[4][256]) {
  uint64_t second = 0, third = 0;
  for (size_t i = 0; i < block; i += 8) {
    crc = STEP64(crc, load64(bytes + i));
    second = STEP64(second, load64(bytes + block + i));
    third = STEP64(third, load64(bytes + 2 * block + i));
  }
  crc = move(past, (uint32_t)crc) ^ second;
  return move(past, (uint32_t)crc) ^ third;
}

HARDWARE static uint32_t crc32c_hardware(uint32_t seed, const void *source, size_t byte_count) {
  const uint8_t *bytes = source;
  uint64_t crc = (uint32_t)~seed;
  for (; byte_count >= 3 * LONG_BLOCK; bytes += 3 * LONG_BLOCK, byte_count -= 3 * LONG_BLOCK)
    crc = three_streams(crc, bytes, LONG_BLOCK, past_long);
  for (; byte_count >= 3 * SHORT_BLOCK; bytes += 3 * SHORT_BLOCK, byte_count -= 3 * SHORT_BLOCK)
    crc = three_streams(crc, bytes, SHORT_BLOCK, past_short);
  for (; byte_count >= 8; bytes += 8, byte_count -= 8) crc = STEP64(crc, load64(bytes));
  if (byte_count >= 4) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    crc = STEP32(crc, word);
    bytes += 4;
    byte_count -= 4;
  }
  for (; byte_count > 0; bytes++, byte_count--) crc = STEP8(crc, *bytes);
  return ~(uint32_t)crc;
}

static int has_instruction(void) {
#if defined(__x86_64__)
  return __builtin_cpu_supports("sse4.2");
#else
  return (getauxval(AT_HWCAP) & (1 << 7)) != 0; // HWCAP_CRC32
#endif
}
#endif

static uint32_t past_zeros(uint32_t crc, int zero_count) {
  for (int i = 0; i < zero_count; i++) crc = crc >> 8 ^ slices[0][crc & 255];
  return crc;
}

// The map is linear: 32 images of single bits give every table entry.
static void fill_past(uint32_t table[4][256], int zero_count) {
  uint32_t image[32];
  for (int bit = 0; bit < 32; bit++) image[bit] = past_zeros(1u << bit, zero_count);
  for (int byte = 0; byte < 4; byte++)
    for (int value = 0; value < 256; value++) {
      uint32_t sum = 0;
      for (int bit = 0; bit < 8; bit++)
        if (value >> bit & 1) sum ^= image[8 * byte + bit];
      table[byte][value] = sum;
    }
}

__attribute__((constructor)) static void choose(void) {
  for (uint32_t byte = 0; byte < 256; byte++) {
    uint32_t crc = byte;
    for (int bit = 0; bit < 8; bit++) crc = crc >> 1 ^ (crc & 1 ? POLYNOMIAL : 0);
    slices[0][byte] = crc;
  }
  for (int slice = 1; slice < 8; slice++)
    for (int byte = 0; byte < 256; byte++)
      slices[slice][byte] =
          slices[slice - 1][byte] >> 8 ^ slices[0][slices[slice - 1][byte] & 255];
#if defined(HARDWARE)
#if defined(__x86_64__)
  __builtin_cpu_init();
#endif
  if (has_instruction()) {
    fill_past(past_short, SHORT_BLOCK);
    fill_past(past_long, LONG_BLOCK);
    crc32c_chosen = crc32c_hardware;
    is_hardware = 1;
  }
#endif
}

uint32_t capus_crc32c(uint32_t seed, const void *bytes, size_t byte_count) {
  return crc32c_chosen(seed, bytes, byte_count);
}

int capus_crc32c_is_hardware(void) { return is_hardware; }
