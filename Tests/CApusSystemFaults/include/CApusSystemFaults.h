// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

// Why C: it takes the place of functions of the C library and of liburing, in test programs alone.
// All of it is of the calling thread: tests run side by side.

/// Begins to note this thread's syncs and renames, anew.
void capus_faults_note(void);
/// Ends noting. What was noted, one call a line: `fsync PATH`, `fdatasync PATH`, `rename OLD NEW`.
const char *_Nonnull capus_faults_noted(void);

/// The sync after so many others fails with this errno; a negative count: none does.
void capus_faults_fail_sync(int after, int error);

/// The next submission to a ring hands only so many entries to the kernel, as a kernel short of
/// memory would; a negative count: as many as there are.
void capus_faults_limit_submission(int count);
/// The next so many submissions fail with this errno.
void capus_faults_fail_submission(int count, int error);

/// The next so many calls of `posix_fallocate` give this errno.
void capus_faults_fail_allocation(int count, int error);

/// Gives this thread a mask of its own for the modes of new files; 0 or -errno.
int capus_faults_own_mask(unsigned mask);
