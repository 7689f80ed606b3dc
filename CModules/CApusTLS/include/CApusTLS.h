// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

// Why C: OpenSSL is macros, callbacks, and a queue of errors of the thread. Here are the few calls that
// a TLS connection over the caller's memory needs: no socket, no file, no terminal.
//
// Calls that set a context up return 0, or OpenSSL's packed error: capus_tls_error_text says what it is.

typedef struct capus_tls_context capus_tls_context;
typedef struct capus_tls_session capus_tls_session;

// MARK: Context: all that connections share. Set up by one thread, then never changed.

/// NULL where there is no memory. `tls12` lets connections be of TLS 1.2.
capus_tls_context *_Nullable capus_tls_context_create(bool is_server, bool tls12);
void capus_tls_context_destroy(capus_tls_context *_Nullable context);

/// Adds a pre-shared key, copied: from then on connections are of TLS 1.3 with such a key and nothing else.
uint64_t capus_tls_context_add_key(capus_tls_context *_Nonnull context, const void *_Nonnull identity,
                                   size_t identity_byte_count, const void *_Nonnull key,
                                   size_t key_byte_count);
/// The own certificate and those between it and the authority, in PEM.
uint64_t capus_tls_context_use_chain(capus_tls_context *_Nonnull context, const void *_Nonnull pem,
                                     size_t byte_count);
/// The key of the own certificate, in PEM, without a passphrase.
uint64_t capus_tls_context_use_private_key(capus_tls_context *_Nonnull context,
                                           const void *_Nonnull pem, size_t byte_count);
/// The certificates whose holders are believed, in PEM: the other side has to have one of theirs.
uint64_t capus_tls_context_trust(capus_tls_context *_Nonnull context, const void *_Nonnull pem,
                                 size_t byte_count);
/// Application protocols by preference, each with its length in a byte before it; copied.
uint64_t capus_tls_context_set_protocols(capus_tls_context *_Nonnull context,
                                         const uint8_t *_Nonnull list, size_t byte_count);
/// Records after which a session changes the key that it sends with.
void capus_tls_context_set_records_per_key(capus_tls_context *_Nonnull context, uint64_t count);

// MARK: Session: one connection, used by one thread at a time.

// The status of a call.

/// All that was given was taken, and all that came of it was handed over.
#define CAPUS_TLS_PROGRESSED 0
#define CAPUS_TLS_WANTS_INPUT 1
#define CAPUS_TLS_WANTS_OUTPUT 2
/// The other side's close_notify, or the own one where the own was asked for.
#define CAPUS_TLS_CLOSED 3
#define CAPUS_TLS_FAILED 4

// What a failure is about. The code is OpenSSL's packed error, but where it says otherwise.

#define CAPUS_TLS_FAULT_PROTOCOL 0
#define CAPUS_TLS_FAULT_KEY 1
#define CAPUS_TLS_FAULT_CERTIFICATE 2
/// The code is that of the check of a certificate: X509_V_ERR_….
#define CAPUS_TLS_FAULT_VERIFICATION 3
/// More messages that are no data than any connection needs; no code.
#define CAPUS_TLS_FAULT_FLOOD 4

typedef struct {
  size_t consumed_byte_count;
  size_t produced_byte_count;
  int32_t status;
} capus_tls_progress;

typedef struct {
  int32_t fault;
  uint64_t code;
} capus_tls_failure;

/// NULL where there is no memory. The context has to outlive it. `server_name` is what a client asks
/// for and checks the certificate against: a host's name, or an address if `is_address`.
capus_tls_session *_Nullable capus_tls_session_create(capus_tls_context *_Nonnull context,
                                                      const char *_Nullable server_name,
                                                      bool is_address);
void capus_tls_session_destroy(capus_tls_session *_Nullable session);

// Each call takes bytes from `input` and puts bytes into `output`; the two do not overlap and are not
// kept. After CAPUS_TLS_FAILED only capus_tls_flush, capus_tls_session_failure and
// capus_tls_session_destroy may be called.

/// CAPUS_TLS_PROGRESSED when the handshake is done and all of it is handed over.
capus_tls_progress capus_tls_handshake(capus_tls_session *_Nonnull session,
                                       const void *_Nullable input, size_t input_byte_count,
                                       void *_Nullable output, size_t output_byte_count);
/// Ciphertext in, plaintext out.
capus_tls_progress capus_tls_receive(capus_tls_session *_Nonnull session,
                                     const void *_Nullable input, size_t input_byte_count,
                                     void *_Nullable output, size_t output_byte_count);
/// Plaintext in, ciphertext out. What was taken is encrypted, and comes out now or with later calls.
capus_tls_progress capus_tls_send(capus_tls_session *_Nonnull session, const void *_Nullable input,
                                  size_t input_byte_count, void *_Nullable output,
                                  size_t output_byte_count);
/// Ciphertext that is still to be handed over.
capus_tls_progress capus_tls_flush(capus_tls_session *_Nonnull session, void *_Nullable output,
                                   size_t output_byte_count);
/// The same, and close_notify behind it.
capus_tls_progress capus_tls_close(capus_tls_session *_Nonnull session, void *_Nullable output,
                                   size_t output_byte_count);

/// Whether capus_tls_flush has something to hand over.
bool capus_tls_session_has_output(const capus_tls_session *_Nonnull session);
/// Changes the key that this side sends with, before its next record; and, if `both`, asks the other
/// side to do the same. 0 or OpenSSL's packed error.
uint64_t capus_tls_session_update_key(capus_tls_session *_Nonnull session, bool both);
/// Why a call has failed.
capus_tls_failure capus_tls_session_failure(const capus_tls_session *_Nonnull session);
/// 0x0303 for TLS 1.2, 0x0304 for TLS 1.3.
int capus_tls_session_version(const capus_tls_session *_Nonnull session);
/// The application protocol that both have; its length.
size_t capus_tls_session_protocol(const capus_tls_session *_Nonnull session,
                                  const uint8_t *_Nullable *_Nonnull protocol);
/// Which of the keys, in the order they were added, the connection has; -1 for none.
ptrdiff_t capus_tls_session_key_index(const capus_tls_session *_Nonnull session);
/// The subject of the other side's certificate (RFC 2253) with a NUL, cut to `capacity`. Its whole
/// length, or -1 where there is no certificate.
ptrdiff_t capus_tls_session_subject(const capus_tls_session *_Nonnull session, char *_Nonnull text,
                                    size_t capacity);

// MARK: Texts

/// What OpenSSL says of a packed error; NULL where it has no word for it.
const char *_Nullable capus_tls_error_text(uint64_t code);
/// The same of the check of a certificate.
const char *_Nonnull capus_tls_verification_text(uint64_t code);
/// Overwrites a secret, which an optimiser may not leave out.
void capus_tls_cleanse(void *_Nullable bytes, size_t byte_count);
