// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <openssl/ssl.h>

#include "CApusTLS.h"

struct pre_shared_key {
  unsigned char *identity;
  size_t identity_byte_count;
  unsigned char *key;
  size_t key_byte_count;
};

struct capus_tls_context {
  SSL_CTX *ssl;
  bool is_server;
  struct pre_shared_key *keys;
  size_t key_count;
  unsigned char *protocols;
  size_t protocols_byte_count;
  uint64_t records_per_key;
};

struct capus_tls_session {
  SSL *ssl;
  capus_tls_context *context;
  // The caller's memory, during a call.
  const unsigned char *input;
  size_t input_byte_count;
  unsigned char *output;
  size_t output_byte_count;
  size_t output_capacity;
  // What OpenSSL wrote while there was no room: an alert must not be lost, since OpenSSL does not
  // offer it again once it has failed.
  unsigned char spill[256];
  size_t spill_start;
  size_t spill_end;
  // The plaintext of the record that OpenSSL has encrypted and not yet handed over.
  size_t pending_byte_count;
  ptrdiff_t key_index;
  bool key_is_unknown;
  bool is_established;
  bool is_closing;
  // Messages that are no data, since the handshake, and the data that pays for them.
  uint64_t message_count;
  uint64_t received_byte_count;
  uint64_t sent_record_count;
  capus_tls_failure failure;
};

/// The BIO over a session's memory; NULL where there is no memory.
BIO *capus_tls_memory_bio(capus_tls_session *session);
/// Whether the other side has sent more messages than any connection needs.
bool capus_tls_is_flooded(const capus_tls_session *session);
/// Keeps why OpenSSL's call has failed; CAPUS_TLS_FAILED.
int32_t capus_tls_fail(capus_tls_session *session);
/// Empties the thread's queue of errors and returns the one that says most.
unsigned long capus_tls_take_error(void);
