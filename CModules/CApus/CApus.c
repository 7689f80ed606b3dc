// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// Compiling the header checks its assertions.
#include "apus.h"

const char *apus_version(void) { return APUS_VERSION; }
