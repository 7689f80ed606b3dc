// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#define _GNU_SOURCE
#include "CApusAllocationCount.h"

#include <dlfcn.h>
#include <elf.h>
#include <link.h>
#include <pthread.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static _Thread_local uint64_t allocation_count __attribute__((tls_model("initial-exec")));

uint64_t capus_allocation_count(void) { return allocation_count; }

// The allocator as it was found.
static struct {
  void *(*malloc)(size_t);
  void *(*calloc)(size_t, size_t);
  void *(*realloc)(void *, size_t);
  void *(*memalign)(size_t, size_t);
  void *(*aligned_alloc)(size_t, size_t);
  int (*posix_memalign)(void **, size_t, size_t);
} found;

static void *counted_malloc(size_t size) {
  allocation_count++;
  return found.malloc(size);
}

static void *counted_calloc(size_t count, size_t size) {
  allocation_count++;
  return found.calloc(count, size);
}

static void *counted_realloc(void *pointer, size_t size) {
  allocation_count++;
  return found.realloc(pointer, size);
}

static void *counted_memalign(size_t alignment, size_t size) {
  allocation_count++;
  return found.memalign(alignment, size);
}

static void *counted_aligned_alloc(size_t alignment, size_t size) {
  allocation_count++;
  return found.aligned_alloc(alignment, size);
}

static int counted_posix_memalign(void **result, size_t alignment, size_t size) {
  allocation_count++;
  return found.posix_memalign(result, alignment, size);
}

static const struct {
  const char *name;
  void *function;
} counted[] = {
    {"malloc", (void *)counted_malloc},
    {"calloc", (void *)counted_calloc},
    {"realloc", (void *)counted_realloc},
    {"memalign", (void *)counted_memalign},
    {"aligned_alloc", (void *)counted_aligned_alloc},
    {"posix_memalign", (void *)counted_posix_memalign},
};

#if defined(__x86_64__)
#define IS_FUNCTION_ENTRY(type) ((type) == R_X86_64_JUMP_SLOT || (type) == R_X86_64_GLOB_DAT)
#elif defined(__aarch64__)
#define IS_FUNCTION_ENTRY(type) ((type) == R_AARCH64_JUMP_SLOT || (type) == R_AARCH64_GLOB_DAT)
#else
#define IS_FUNCTION_ENTRY(type) 0
#endif

// Writes one entry. The linker has made its page read-only where the program asked for that.
static void replace(uintptr_t address, void *function, const struct dl_phdr_info *object) {
  const uintptr_t page_size = (uintptr_t)sysconf(_SC_PAGESIZE);
  int is_protected = 0;
  for (int index = 0; index < object->dlpi_phnum; index++) {
    const ElfW(Phdr) *header = &object->dlpi_phdr[index];
    const uintptr_t start = object->dlpi_addr + header->p_vaddr;
    if (header->p_type == PT_GNU_RELRO && address >= start && address < start + header->p_memsz)
      is_protected = 1;
  }
  void *page = (void *)(address & ~(page_size - 1));
  if (is_protected && mprotect(page, page_size, PROT_READ | PROT_WRITE) != 0) return;
  __atomic_store_n((void **)address, function, __ATOMIC_RELAXED);
  if (is_protected) mprotect(page, page_size, PROT_READ);
}

static void replace_entries(const ElfW(Rela) *entries, size_t byte_count, const ElfW(Sym) *symbols,
                            const char *names, const struct dl_phdr_info *object) {
  for (size_t index = 0; index < byte_count / sizeof *entries; index++) {
    if (!IS_FUNCTION_ENTRY(ELF64_R_TYPE(entries[index].r_info))) continue;
    const char *name = names + symbols[ELF64_R_SYM(entries[index].r_info)].st_name;
    for (size_t place = 0; place < sizeof counted / sizeof counted[0]; place++)
      if (strcmp(name, counted[place].name) == 0)
        replace(object->dlpi_addr + entries[index].r_offset, counted[place].function, object);
  }
}

static int visit(struct dl_phdr_info *object, size_t size, void *context) {
  (void)size;
  (void)context;
  const ElfW(Dyn) *dynamic = NULL;
  for (int index = 0; index < object->dlpi_phnum; index++)
    if (object->dlpi_phdr[index].p_type == PT_DYNAMIC)
      dynamic = (const void *)(object->dlpi_addr + object->dlpi_phdr[index].p_vaddr);
  if (dynamic == NULL) return 0;
  uintptr_t tables[5] = {0};  // symbols, names, calls, data, and that calls are of the wide form
  size_t call_bytes = 0, data_bytes = 0;
  for (; dynamic->d_tag != DT_NULL; dynamic++) {
    switch (dynamic->d_tag) {
      case DT_SYMTAB: tables[0] = dynamic->d_un.d_ptr; break;
      case DT_STRTAB: tables[1] = dynamic->d_un.d_ptr; break;
      case DT_JMPREL: tables[2] = dynamic->d_un.d_ptr; break;
      case DT_RELA: tables[3] = dynamic->d_un.d_ptr; break;
      case DT_PLTREL: tables[4] = dynamic->d_un.d_val; break;
      case DT_PLTRELSZ: call_bytes = dynamic->d_un.d_val; break;
      case DT_RELASZ: data_bytes = dynamic->d_un.d_val; break;
      default: break;
    }
  }
  // The linker has made addresses of the offsets; of what it never relocated (the kernel's own
  // object) they still are offsets, and there is nothing to count.
  if (tables[0] < object->dlpi_addr || tables[1] < object->dlpi_addr || tables[0] == 0) return 0;
  const ElfW(Sym) *symbols = (const void *)tables[0];
  const char *names = (const char *)tables[1];
  if (tables[2] != 0 && tables[4] == DT_RELA)
    replace_entries((const void *)tables[2], call_bytes, symbols, names, object);
  if (tables[3] != 0) replace_entries((const void *)tables[3], data_bytes, symbols, names, object);
  return 0;
}

static void begin(void) {
// A sanitizer's allocator stands in the program itself; under one nothing is counted.
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && \
    !(defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)))
  // Not the addresses that C gives: in a program of fixed place those are entries of its own, which
  // would lead back here.
  found.malloc = (void *(*)(size_t))dlsym(RTLD_NEXT, "malloc");
  found.calloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "calloc");
  found.realloc = (void *(*)(void *, size_t))dlsym(RTLD_NEXT, "realloc");
  found.memalign = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "memalign");
  found.aligned_alloc = (void *(*)(size_t, size_t))dlsym(RTLD_NEXT, "aligned_alloc");
  found.posix_memalign = (int (*)(void **, size_t, size_t))dlsym(RTLD_NEXT, "posix_memalign");
  if (!found.malloc || !found.calloc || !found.realloc || !found.memalign || !found.aligned_alloc ||
      !found.posix_memalign)
    return;
  // The functions are found before the first entry leads to them.
  __atomic_thread_fence(__ATOMIC_SEQ_CST);
  dl_iterate_phdr(visit, NULL);
#else
  (void)visit;
#endif
}

bool capus_allocation_counting_begin(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, begin);
  const uint64_t before = allocation_count;
  void *probe = malloc(64);
  capus_black_hole((uint64_t)(uintptr_t)probe);
  free(probe);
  return allocation_count != before;
}
