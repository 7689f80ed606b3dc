// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// Everything that runs in the handler is async-signal-safe: no allocation, no lock, no stdio.

#define _GNU_SOURCE
#include "CApusPlatform.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

struct fatal_signal {
  int number;
  const char *name;
  const char *meaning;
};

// Swift traps are SIGILL on x86-64 and SIGTRAP on arm64.
static const struct fatal_signal fatalSignals[] = {
    {SIGILL, "SIGILL", "illegal instruction: a Swift trap or precondition"},
    {SIGTRAP, "SIGTRAP", "trap: a Swift trap or precondition"},
    {SIGSEGV, "SIGSEGV", "invalid memory access, or a stack that overflowed"},
    {SIGBUS, "SIGBUS", "memory that its file or page no longer backs"},
    {SIGFPE, "SIGFPE", "arithmetic error"},
    {SIGABRT, "SIGABRT", "abort"},
};
enum { FATAL_SIGNAL_COUNT = sizeof fatalSignals / sizeof fatalSignals[0] };

static struct sigaction previousActions[FATAL_SIGNAL_COUNT];

// initial-exec: reading it never allocates, as the first touch of a dynamic TLS block may.
static _Thread_local char threadName[64] __attribute__((tls_model("initial-exec")));
static _Thread_local volatile sig_atomic_t isReported __attribute__((tls_model("initial-exec")));

struct line {
  char text[256];
  size_t length;
};

static void append(struct line *line, const char *text) {
  while (*text != 0 && line->length < sizeof line->text) line->text[line->length++] = *text++;
}

static void append_number(struct line *line, uint64_t value, unsigned base) {
  char digits[24];
  size_t next = sizeof digits;
  digits[--next] = 0;
  do {
    digits[--next] = "0123456789abcdef"[value % base];
    value /= base;
  } while (value != 0);
  append(line, digits + next);
}

static void report(const struct fatal_signal *fatal, const siginfo_t *info) {
  struct line line = {.length = 0};
  append(&line, "apus: thread '");
  append(&line, threadName);
  append(&line, "' (id ");
  append_number(&line, (uint64_t)syscall(SYS_gettid), 10);
  append(&line, ") died of ");
  append(&line, fatal->name);
  append(&line, " (");
  append(&line, fatal->meaning);
  append(&line, ")");
  if (info != NULL && info->si_code > 0 && fatal->number != SIGABRT) {
    append(&line, " at 0x");
    append_number(&line, (uint64_t)(uintptr_t)info->si_addr, 16);
  }
  append(&line, "\n");
  for (int tries = 0; tries < 4; tries++)
    if (write(STDERR_FILENO, line.text, line.length) >= 0 || errno != EINTR) break;
}

static void take_default(int number) {
  struct sigaction action;
  memset(&action, 0, sizeof action);
  action.sa_handler = SIG_DFL;
  sigaction(number, &action, NULL);
}

static void handle(int number, siginfo_t *info, void *context) {
  const int before = errno;
  int index = 0;
  while (index < FATAL_SIGNAL_COUNT - 1 && fatalSignals[index].number != number) index++;
  const struct sigaction previous = previousActions[index];
  const int isSent = info != NULL && info->si_code <= 0;
  const int hasHandler = (previous.sa_flags & SA_SIGINFO) != 0 ||
                         (previous.sa_handler != SIG_DFL && previous.sa_handler != SIG_IGN);

  // A signal that somebody sent and the process ignores is no panic.
  if (!hasHandler && previous.sa_handler == SIG_IGN && isSent) return;
  if (threadName[0] != 0 && !isReported) {
    isReported = 1;
    report(&fatalSignals[index], info);
  }
  if (hasHandler) {
    if (previous.sa_flags & SA_RESETHAND) take_default(number);
    errno = before;
    if (previous.sa_flags & SA_SIGINFO)
      previous.sa_sigaction(number, info, context);
    else
      previous.sa_handler(number);
    return;
  }
  // Sent again rather than left to the faulting instruction: after a breakpoint it is the next one
  // that would run. It is blocked until this handler returns, so it strikes where the fault was.
  take_default(number);
  syscall(SYS_tgkill, getpid(), syscall(SYS_gettid), number);
  errno = before;
}

static void install(void) {
  for (int index = 0; index < FATAL_SIGNAL_COUNT; index++) {
    const int number = fatalSignals[index].number;
    struct sigaction action;
    // Read first: the handler may run as soon as it is there.
    if (sigaction(number, NULL, &previousActions[index]) != 0) continue;
    memset(&action, 0, sizeof action);
    action.sa_sigaction = handle;
    action.sa_mask = previousActions[index].sa_mask;
    action.sa_flags =
        SA_SIGINFO | SA_ONSTACK | (previousActions[index].sa_flags & (SA_RESTART | SA_NODEFER));
    sigaction(number, &action, NULL);
  }
}

void capus_panic_install(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, install);
}

enum { PANIC_STACK_BYTE_COUNT = 1 << 16, PANIC_GUARD_BYTE_COUNT = 1 << 16 };

void *capus_panic_enter(const char *name) {
  size_t length = 0;
  for (; name[length] != 0 && length < sizeof threadName - 1; length++) {
    const unsigned char byte = (unsigned char)name[length];
    threadName[length] = byte < 0x20 || byte == 0x7F ? '?' : (char)byte;
  }
  threadName[length] = 0;
  isReported = 0;

  // Sanitizers bring a stack of their own and expect to find it again.
  stack_t current;
  if (sigaltstack(NULL, &current) != 0 || (current.ss_flags & SS_DISABLE) == 0) return NULL;
  char *mapping = mmap(NULL, PANIC_GUARD_BYTE_COUNT + PANIC_STACK_BYTE_COUNT,
                       PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_STACK, -1, 0);
  if (mapping == MAP_FAILED) return NULL;
  mprotect(mapping, PANIC_GUARD_BYTE_COUNT, PROT_NONE);
  const stack_t stack = {
      .ss_sp = mapping + PANIC_GUARD_BYTE_COUNT, .ss_size = PANIC_STACK_BYTE_COUNT};
  if (sigaltstack(&stack, NULL) == 0) return mapping;
  munmap(mapping, PANIC_GUARD_BYTE_COUNT + PANIC_STACK_BYTE_COUNT);
  return NULL;
}

void capus_panic_leave(void *stack) {
  threadName[0] = 0;
  if (stack == NULL) return;
  const stack_t none = {.ss_flags = SS_DISABLE};
  sigaltstack(&none, NULL);
  munmap(stack, PANIC_GUARD_BYTE_COUNT + PANIC_STACK_BYTE_COUNT);
}
