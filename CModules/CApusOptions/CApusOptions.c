// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include "CApusOptions.h"

#include <stddef.h>

void capus_options_reset(void) {
  optind = 0;
  opterr = 0;
}

capus_option capus_options_next(int argc, char **argv, const char *letters, const struct option *table) {
  capus_option result = {.index = -1, .letter = 0, .argument = NULL, .nextWord = 0};
  int index = -1;
  optarg = NULL;
  // The colon that the letters begin with makes a missing argument ':' instead of '?'.
  int code = getopt_long(argc, argv, letters, table, &index);
  result.argument = optarg;
  result.nextWord = optind;
  if (code == -1) return result;
  if (code == ':') result.index = -3;
  else if (code == '?') result.index = -2;
  else if (index >= 0) result.index = index;
  else {
    result.index = -4;
    result.letter = code;
  }
  return result;
}
