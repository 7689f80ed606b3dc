// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// The header is all there is; compiling it checks its assertions.
#include "CApusCounters.h"
