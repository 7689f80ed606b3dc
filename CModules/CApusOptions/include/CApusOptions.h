// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <getopt.h>

// Why C: getopt_long reports through global variables, which Swift 6 rightly refuses to read.

/// What one call of `capus_options_next` found.
typedef struct {
  /// Index of the long option in the table; -1 at the end of the options, -2 for an option that
  /// does not exist, -3 for an option without its argument, -4 for a letter.
  int index;
  /// The letter of a short option, or 0.
  int letter;
  /// The option's argument, or NULL.
  const char *argument;
  /// Index in argv of the first word not looked at yet.
  int nextWord;
} capus_option;

/// Starts over at the first word.
void capus_options_reset(void);

/// Takes the next option. Reorders argv so that operands come last, as getopt_long does. `letters`
/// begins with a colon; a letter that takes an argument has one behind it.
capus_option capus_options_next(int argc, char **argv, const char *letters, const struct option *table);
