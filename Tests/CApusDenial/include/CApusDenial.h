// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

// Why C: a seccomp filter is a program of macros.

/// Lets io_uring_setup fail with this errno from now on, for the calling thread and those that it starts.
/// 0 or -errno.
int capus_deny_io_uring(int error);
