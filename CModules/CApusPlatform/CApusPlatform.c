// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#define _GNU_SOURCE
#include "CApusPlatform.h"

#include <errno.h>
#include <limits.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#if defined(__x86_64__)
#include <cpuid.h>
#endif

uint64_t capus_monotonic_read(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

int capus_tsc_is_invariant(void) {
#if defined(__x86_64__)
  unsigned a, b, c, d;
  if (!__get_cpuid(0x80000007, &a, &b, &c, &d)) return 0;
  return (d >> 8) & 1;
#else
  return 0;
#endif
}

static int cpu_set_one(cpu_set_t *set, uint32_t cpu) {
  if (cpu >= CPU_SETSIZE) return -EINVAL;
  CPU_ZERO(set);
  CPU_SET(cpu, set);
  return 0;
}

int capus_thread_pin(uint32_t cpu) {
  cpu_set_t set;
  if (cpu_set_one(&set, cpu) != 0) return -EINVAL;
  return -pthread_setaffinity_np(pthread_self(), sizeof set, &set);
}

struct thread_start {
  void *(*body)(void *);
  void *context;
  char name[64];
};

static void *thread_begin(void *argument) {
  struct thread_start start = *(struct thread_start *)argument;
  free(argument);
  char shortName[16];
  memcpy(shortName, start.name, sizeof shortName - 1);
  shortName[sizeof shortName - 1] = 0;
  // A character that did not fit is left out whole.
  if ((start.name[15] & 0xC0) == 0x80) {
    size_t end = 15;
    while (end > 0 && (shortName[end - 1] & 0xC0) == 0x80) end--;
    shortName[end > 0 ? end - 1 : 0] = 0;
  }
  pthread_setname_np(pthread_self(), shortName);
  void *stack = capus_panic_enter(start.name);
  void *result = start.body(start.context);
  capus_panic_leave(stack);
  return result;
}

int capus_thread_start(pthread_t *thread, const char *name, int cpu, int realTimePriority,
                       void *(*body)(void *), void *context) {
  struct thread_start *start = malloc(sizeof *start);
  if (start == NULL) return -ENOMEM;
  start->body = body;
  start->context = context;
  strncpy(start->name, name, sizeof start->name - 1);
  start->name[sizeof start->name - 1] = 0;
  capus_panic_install();

  pthread_attr_t attributes;
  int result = pthread_attr_init(&attributes);
  if (result != 0) {
    free(start);
    return -result;
  }
  if (cpu >= 0) {
    cpu_set_t set;
    result = cpu_set_one(&set, (uint32_t)cpu) != 0
                 ? EINVAL
                 : pthread_attr_setaffinity_np(&attributes, sizeof set, &set);
  }
  if (result == 0 && realTimePriority > 0) {
    struct sched_param parameters = {.sched_priority = realTimePriority};
    result = pthread_attr_setinheritsched(&attributes, PTHREAD_EXPLICIT_SCHED);
    if (result == 0) result = pthread_attr_setschedpolicy(&attributes, SCHED_FIFO);
    if (result == 0) result = pthread_attr_setschedparam(&attributes, &parameters);
  }
  if (result == 0) result = pthread_create(thread, &attributes, thread_begin, start);
  pthread_attr_destroy(&attributes);
  if (result != 0) free(start);
  return -result;
}

// ThreadSanitizer knows of the join by the wall clock only, and takes a thread that was joined
// otherwise for one that lives.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define JOIN_BY_WALL_CLOCK 1
#endif
#endif
#ifdef JOIN_BY_WALL_CLOCK
#define JOIN_CLOCK CLOCK_REALTIME
#define JOIN_UNTIL(thread, until) pthread_timedjoin_np(thread, NULL, until)
#else
#define JOIN_CLOCK CLOCK_MONOTONIC
#define JOIN_UNTIL(thread, until) pthread_clockjoin_np(thread, NULL, CLOCK_MONOTONIC, until)
#endif

int capus_thread_join(pthread_t thread, int64_t timeoutNanoseconds) {
  int result;
  if (timeoutNanoseconds < 0) {
    result = pthread_join(thread, NULL);
  } else {
    struct timespec until;
    clock_gettime(JOIN_CLOCK, &until);
    until.tv_sec += timeoutNanoseconds / 1000000000;
    until.tv_nsec += timeoutNanoseconds % 1000000000;
    if (until.tv_nsec >= 1000000000) {
      until.tv_sec += 1;
      until.tv_nsec -= 1000000000;
    }
    result = JOIN_UNTIL(thread, &until);
  }
  if (result == EDEADLK) pthread_detach(thread);
  return -result;
}

int capus_thread_realtime_priority(void) {
  int policy;
  struct sched_param parameters;
  if (pthread_getschedparam(pthread_self(), &policy, &parameters) != 0) return 0;
  return policy == SCHED_FIFO || policy == SCHED_RR ? parameters.sched_priority : 0;
}

int capus_thread_allowed_cpus(uint8_t *allowed, int count) {
  cpu_set_t set;
  CPU_ZERO(&set);
  if (sched_getaffinity(0, sizeof set, &set) != 0) return -errno;
  for (int cpu = 0; cpu < count; cpu++)
    allowed[cpu] = cpu < CPU_SETSIZE && CPU_ISSET(cpu, &set) ? 1 : 0;
  return 0;
}

int capus_thread_permitted_cpus(uint8_t *permitted, int count) {
  cpu_set_t own, all;
  CPU_ZERO(&own);
  if (sched_getaffinity(0, sizeof own, &own) != 0) return -errno;
  // The kernel cuts a set down to the cpuset, so that asking for every CPU tells which there are.
  memset(&all, 0xff, sizeof all);
  if (sched_setaffinity(0, sizeof all, &all) == 0) {
    if (sched_getaffinity(0, sizeof all, &all) != 0) all = own;
    sched_setaffinity(0, sizeof own, &own);
  } else {
    all = own;
  }
  for (int cpu = 0; cpu < count; cpu++)
    permitted[cpu] = cpu < CPU_SETSIZE && CPU_ISSET(cpu, &all) ? 1 : 0;
  return 0;
}

int capus_thread_current_cpu(void) { return sched_getcpu(); }

int capus_region_map(void **address, uint64_t byteCount, int hugePageLog2) {
  int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
  if (hugePageLog2 > 0) {
    // Without MAP_NORESERVE: an unreserved huge page that is missing later raises SIGBUS.
    flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB | (hugePageLog2 << MAP_HUGE_SHIFT);
  }
  void *mapped = mmap(NULL, byteCount, PROT_READ | PROT_WRITE, flags, -1, 0);
  if (mapped == MAP_FAILED) return -errno;
  *address = mapped;
  return 0;
}

int capus_region_advise_huge(void *address, uint64_t byteCount) {
  return madvise(address, byteCount, MADV_HUGEPAGE) == 0 ? 0 : -errno;
}

int64_t capus_region_resident(void *address, uint64_t byteCount) {
  const uint64_t page = (uint64_t)sysconf(_SC_PAGESIZE);
  unsigned char state[4096];
  int64_t resident = 0;
  for (uint64_t done = 0; done < byteCount; done += sizeof state * page) {
    uint64_t length = byteCount - done;
    if (length > sizeof state * page) length = sizeof state * page;
    if (mincore((char *)address + done, length, state) != 0) return -errno;
    for (uint64_t i = 0; i < (length + page - 1) / page; i++) resident += (state[i] & 1) * page;
  }
  return resident;
}

int capus_io_uring_probe(void) {
  unsigned char parameters[256] = {0};
  long descriptor = syscall(425 /* io_uring_setup */, 2, parameters);
  if (descriptor < 0) return -errno;
  close((int)descriptor);
  return 0;
}

int64_t capus_timer_slack_read(void) {
  int slack = prctl(PR_GET_TIMERSLACK);
  return slack < 0 ? -errno : slack;
}

int capus_realtime_priority_max(void) {
  struct sched_param previous;
  int policy = sched_getscheduler(0);
  if (policy < 0 || sched_getparam(0, &previous) != 0) return 0;
  // The limit does not bind who has the capability, so the highest is tried first.
  struct rlimit limit;
  int limited = getrlimit(RLIMIT_RTPRIO, &limit) == 0 && limit.rlim_cur < 99 ? (int)limit.rlim_cur
                                                                            : 0;
  const int tries[] = {99, limited};
  for (int i = 0; i < 2; i++) {
    struct sched_param wanted = {.sched_priority = tries[i]};
    if (wanted.sched_priority <= 0 || sched_setscheduler(0, SCHED_FIFO, &wanted) != 0) continue;
    sched_setscheduler(0, policy, &previous);
    return tries[i];
  }
  return 0;
}

int64_t capus_memlock_limit(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_MEMLOCK, &limit) != 0) return -errno - 1;
  return limit.rlim_cur == RLIM_INFINITY ? -1 : (int64_t)limit.rlim_cur;
}

capus_terminal_size capus_terminal_size_read(int descriptor) {
  struct winsize size = {0};
  const int before = errno;
  if (ioctl(descriptor, TIOCGWINSZ, &size) != 0) {
    errno = before;
    return (capus_terminal_size){0, 0};
  }
  return (capus_terminal_size){size.ws_col, size.ws_row};
}

int capus_barrier_register(int shared) {
  int command = shared ? MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED
                       : MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED;
  return syscall(SYS_membarrier, command, 0, 0) == 0 ? 0 : -errno;
}

int capus_barrier_all(int shared) {
  int command = shared ? MEMBARRIER_CMD_GLOBAL_EXPEDITED : MEMBARRIER_CMD_PRIVATE_EXPEDITED;
  return syscall(SYS_membarrier, command, 0, 0) == 0 ? 0 : -errno;
}

int capus_futex_wait(void *word, uint32_t expected, uint64_t nanoseconds, int shared) {
  struct timespec limit = {.tv_sec = (time_t)(nanoseconds / 1000000000u),
                           .tv_nsec = (long)(nanoseconds % 1000000000u)};
  int operation = shared ? FUTEX_WAIT : FUTEX_WAIT_PRIVATE;
  long result = syscall(SYS_futex, word, operation, expected,
                        nanoseconds == UINT64_MAX ? NULL : &limit, NULL, 0);
  return result == 0 ? 0 : -errno;
}

int capus_futex_wake_all(void *word, int shared) {
  int operation = shared ? FUTEX_WAKE : FUTEX_WAKE_PRIVATE;
  long result = syscall(SYS_futex, word, operation, INT_MAX, NULL, NULL, 0);
  return result >= 0 ? (int)result : -errno;
}
