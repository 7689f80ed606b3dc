// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include <openssl/bio.h>
#include <openssl/crypto.h>
#include <string.h>

#include "Context.h"

// OpenSSL's end of a session: it reads from, and writes to, the memory that the caller gave for the
// call.

/// Writes up to this length are kept where there is no room: alerts and changes of keys are
/// shorter.
enum { SPILLED_WRITE_BYTE_COUNT_MAX = 64 };

static int read_input(BIO *bio, char *target, int capacity) {
  capus_tls_session *session = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (session == NULL || capacity <= 0) return 0;
  if (session->input_byte_count == 0 || capus_tls_is_flooded(session)) {
    BIO_set_retry_read(bio);
    return -1;
  }
  size_t count = session->input_byte_count;
  if (count > (size_t)capacity) count = (size_t)capacity;
  memcpy(target, session->input, count);
  session->input += count;
  session->input_byte_count -= count;
  return (int)count;
}

static int write_output(BIO *bio, const char *source, int byte_count) {
  capus_tls_session *session = BIO_get_data(bio);
  BIO_clear_retry_flags(bio);
  if (session == NULL || byte_count <= 0) return 0;
  size_t count = (size_t)byte_count;
  size_t room = session->output_capacity - session->output_byte_count;
  // What is kept goes first.
  if (session->spill_end > session->spill_start) room = 0;
  if (room > 0) {
    if (count > room) count = room;
    memcpy(session->output + session->output_byte_count, source, count);
    session->output_byte_count += count;
    return (int)count;
  }
  if (count <= SPILLED_WRITE_BYTE_COUNT_MAX &&
      count <= sizeof session->spill - session->spill_end) {
    memcpy(session->spill + session->spill_end, source, count);
    session->spill_end += count;
    return (int)count;
  }
  BIO_set_retry_write(bio);
  return -1;
}

static long control(BIO *bio, int command, long number, void *pointer) {
  (void)bio, (void)number, (void)pointer;
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

static CRYPTO_ONCE method_once = CRYPTO_ONCE_STATIC_INIT;
static BIO_METHOD *method;

static void make_method(void) {
  int type = BIO_get_new_index();
  BIO_METHOD *made = type > 0 ? BIO_meth_new(type | BIO_TYPE_SOURCE_SINK, "Apus memory") : NULL;
  if (made == NULL) return;
  if (!BIO_meth_set_read(made, read_input) || !BIO_meth_set_write(made, write_output) ||
      !BIO_meth_set_ctrl(made, control)) {
    BIO_meth_free(made);
    return;
  }
  method = made;
}

BIO *capus_tls_memory_bio(capus_tls_session *session) {
  if (!CRYPTO_THREAD_run_once(&method_once, make_method) || method == NULL) return NULL;
  BIO *bio = BIO_new(method);
  if (bio == NULL) return NULL;
  BIO_set_data(bio, session);
  BIO_set_init(bio, 1);
  return bio;
}
