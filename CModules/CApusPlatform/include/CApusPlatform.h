// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <pthread.h>
#include <stdint.h>

// Why C: compiler intrinsics and macros (CPU_SET, MAP_HUGETLB) that Swift cannot import, and
// variadic system calls. Calls return 0 or a count, or -errno; none touches the caller's errno.

/// Asks for the cache line at an address. Any address is allowed.
static inline void capus_prefetch(const void *address) { __builtin_prefetch(address, 0, 3); }

/// How many of `count` records of 8 bytes, sorted by the `uint32_t` at their front, have a key of at
/// most `key`.
///
/// Seven comparisons a round, none of which the next one waits for, and no branch on what they find:
/// compilers make one of it, which nobody could predict, so each result passes an empty `asm`.
static inline uint64_t capus_keys_not_above(const void *records, uint64_t count, uint32_t key) {
  const uint64_t *low = (const uint64_t *)records;
  uint64_t left = count;
  while (left >= 8) {
    const uint64_t step = left >> 3;
    uint64_t passed = 0;
    for (int part = 1; part < 8; ++part) {
      uint64_t is = (uint32_t)low[part * step - 1] <= key;
      __asm__("" : "+r"(is));
      passed += is;
    }
    low += passed * step;
    // Of the last part, which is longer, all that is left.
    uint64_t is_last = (passed + 1) >> 3;
    __asm__("" : "+r"(is_last));
    left = step + is_last * (left - 8 * step);
  }
  uint64_t passed = 0;
  for (uint64_t offset = 0; offset < left; ++offset) {
    uint64_t is = (uint32_t)low[offset] <= key;
    __asm__("" : "+r"(is));
    passed += is;
  }
  return (uint64_t)(low - (const uint64_t *)records) + passed;
}

#if defined(__x86_64__)
/// The time-stamp counter, not ordered against other instructions.
static inline uint64_t capus_tsc_read(void) { return __builtin_ia32_rdtsc(); }

/// The time-stamp counter after every earlier instruction has executed and every earlier load has
/// its value. Not RDTSCP: the fence needs no check for the instruction and was measured faster.
static inline uint64_t capus_tsc_read_ordered(void) {
  __builtin_ia32_lfence();
  return __builtin_ia32_rdtsc();
}
#else
static inline uint64_t capus_tsc_read(void) { return 0; }
static inline uint64_t capus_tsc_read_ordered(void) { return 0; }
#endif

/// CLOCK_MONOTONIC in nanoseconds.
uint64_t capus_monotonic_read(void);

/// Whether the CPU has a time-stamp counter of constant rate that runs in all sleep states.
int capus_tsc_is_invariant(void);

/// Binds the calling thread to one CPU.
int capus_thread_pin(uint32_t cpu);

/// Starts a thread that is bound to a CPU and, with a priority above 0, scheduled first in first
/// out at it before its first instruction; cpu < 0 leaves it free, priority 0 inherits the
/// creator's policy. -EPERM where the priority is not permitted.
int capus_thread_start(pthread_t *thread, const char *name, int cpu, int realTimePriority,
                       void *(*body)(void *), void *context);

/// Waits for a thread's end, at most so long; a negative time waits without end. -ETIMEDOUT when
/// it runs on; a thread that would wait for itself is detached.
int capus_thread_join(pthread_t thread, int64_t timeoutNanoseconds);

/// Real-time priority of the calling thread; 0 for none.
int capus_thread_realtime_priority(void);

/// Makes the handlers that name the thread a fatal signal hit, once in a process; what was
/// installed before them is called after them.
void capus_panic_install(void);

/// Gives the calling thread its name in such a report, and a stack of its own to write it on:
/// the thread's own may be what overflowed. Returns what `capus_panic_leave` takes.
void *capus_panic_enter(const char *name);

/// Takes both back before the thread ends.
void capus_panic_leave(void *stack);

/// Writes 1 for every CPU the calling thread may run on and 0 for the others.
int capus_thread_allowed_cpus(uint8_t *allowed, int count);

/// Writes 1 for every CPU a thread of this process may be bound to, whatever the calling thread is
/// bound to now. Widens the calling thread's set for the moment of asking and puts it back.
int capus_thread_permitted_cpus(uint8_t *permitted, int count);

/// CPU the calling thread runs on now.
int capus_thread_current_cpu(void);

/// Maps zeroed memory. hugePageLog2 > 0 asks for huge pages of that size.
int capus_region_map(void **address, uint64_t byteCount, int hugePageLog2);

/// Advises transparent huge pages.
int capus_region_advise_huge(void *address, uint64_t byteCount);

/// Bytes of a mapping that are resident, or -errno.
int64_t capus_region_resident(void *address, uint64_t byteCount);

/// Tries io_uring_setup: 0 when allowed, else -errno.
int capus_io_uring_probe(void);

/// Timer slack of the calling thread in nanoseconds, or -errno.
int64_t capus_timer_slack_read(void);

/// Highest real-time priority that may be taken (0: none), from the limit or the capability.
int capus_realtime_priority_max(void);

/// Soft limit of locked memory in bytes; -1 without limit, or another negative -errno - 1.
int64_t capus_memlock_limit(void);

/// Size of a terminal in characters.
typedef struct {
  int columnCount;
  int rowCount;
} capus_terminal_size;

/// Size of the terminal behind a descriptor; 0 by 0 where there is none or it does not tell.
capus_terminal_size capus_terminal_size_read(int descriptor);

// Waiting between threads and between processes.

/// Tells the CPU that the caller spins. Costs 25 ns and more on some CPUs.
static inline void capus_cpu_relax(void) {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#elif defined(__aarch64__)
  __asm__ volatile("yield");
#endif
}

/// Waits until the loads before it are done, and starts no later one ahead of them: between two looks
/// at a word that another CPU writes. A few nanoseconds.
static inline void capus_loads_settle(void) {
#if defined(__x86_64__)
  __builtin_ia32_lfence();
#elif defined(__aarch64__)
  __asm__ volatile("isb");
#endif
}

/// Prepares this process for capus_barrier_all; 0 when such barriers work, for threads of this
/// process alone or, where shared is not 0, for every process that called this.
int capus_barrier_register(int shared);

/// A full memory barrier on every CPU that runs a registered thread. capus_barrier_register must have
/// succeeded.
int capus_barrier_all(int shared);

/// Sleeps while *word == expected, for at most so many nanoseconds (UINT64_MAX: no limit).
/// 0 when woken, else -EAGAIN, -EINTR or -ETIMEDOUT. `word` may lie in memory of several processes
/// where shared is not 0.
int capus_futex_wait(void *word, uint32_t expected, uint64_t nanoseconds, int shared);

/// Wakes everyone who sleeps on a word; how many, or -errno.
int capus_futex_wake_all(void *word, int shared);
