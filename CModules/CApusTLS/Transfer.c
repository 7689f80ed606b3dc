// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include <openssl/err.h>
#include <string.h>

#include "Context.h"

// The calls that take bytes and give bytes.

/// Plaintext of one record.
enum { RECORD_BYTE_COUNT_MAX = SSL3_RT_MAX_PLAIN_LENGTH };

static void give(capus_tls_session *session, const void *input, size_t input_byte_count,
                 void *output, size_t output_capacity) {
  session->input = input;
  session->input_byte_count = input_byte_count;
  session->output = output;
  session->output_byte_count = 0;
  session->output_capacity = output_capacity;
}

static void begin(capus_tls_session *session, const void *input, size_t input_byte_count,
                  void *output, size_t output_capacity) {
  // What others have left there must not be taken for an error of this call. To clear what is empty
  // costs a tenth of a short record.
  if (ERR_peek_error() != 0) ERR_clear_error();
  give(session, input, input_byte_count, output, output_capacity);
}

static void end(capus_tls_session *session) { give(session, NULL, 0, NULL, 0); }

/// Hands over what was kept; whether that is all.
static bool drain_spill(capus_tls_session *session) {
  size_t count = session->spill_end - session->spill_start;
  size_t room = session->output_capacity - session->output_byte_count;
  if (count > room) count = room;
  if (count > 0) {
    memcpy(session->output + session->output_byte_count, session->spill + session->spill_start,
           count);
    session->output_byte_count += count;
    session->spill_start += count;
  }
  if (session->spill_start < session->spill_end) return false;
  session->spill_start = 0;
  session->spill_end = 0;
  return true;
}

/// The status of a call of OpenSSL that gave `result`.
static int32_t status_of(capus_tls_session *session, int result) {
  switch (SSL_get_error(session->ssl, result)) {
    case SSL_ERROR_NONE:
      return CAPUS_TLS_PROGRESSED;
    case SSL_ERROR_WANT_READ:
      return CAPUS_TLS_WANTS_INPUT;
    case SSL_ERROR_WANT_WRITE:
      return CAPUS_TLS_WANTS_OUTPUT;
    case SSL_ERROR_ZERO_RETURN:
      return CAPUS_TLS_CLOSED;
    default:
      return capus_tls_fail(session);
  }
}

/// Hands over what was kept, and the record of which that is the end, or another part.
static int32_t drain(capus_tls_session *session) {
  // Retried writes need their length; the bytes were encrypted long ago and are not looked at.
  static const unsigned char unread[RECORD_BYTE_COUNT_MAX];
  if (!drain_spill(session)) return CAPUS_TLS_WANTS_OUTPUT;
  if (session->pending_byte_count == 0) return CAPUS_TLS_PROGRESSED;
  size_t written;
  int result = SSL_write_ex(session->ssl, unread, session->pending_byte_count, &written);
  if (result != 1) return status_of(session, result);
  session->pending_byte_count = 0;
  return drain_spill(session) ? CAPUS_TLS_PROGRESSED : CAPUS_TLS_WANTS_OUTPUT;
}

bool capus_tls_session_has_output(const capus_tls_session *session) {
  return session->spill_end > session->spill_start || session->pending_byte_count > 0;
}

capus_tls_progress capus_tls_handshake(capus_tls_session *session, const void *input,
                                       size_t input_byte_count, void *output,
                                       size_t output_byte_count) {
  begin(session, input, input_byte_count, output, output_byte_count);
  int32_t status = CAPUS_TLS_WANTS_OUTPUT;
  if (drain_spill(session)) {
    int result = SSL_do_handshake(session->ssl);
    status = status_of(session, result);
    if (result == 1) {
      if (session->context->key_count > 0 && !SSL_session_reused(session->ssl)) {
        // Whatever the other side proved, it was not that it has the key.
        session->failure = (capus_tls_failure){
            .fault = CAPUS_TLS_FAULT_KEY, .code = ERR_PACK(ERR_LIB_SSL, 0, SSL_R_BAD_PSK)};
        status = CAPUS_TLS_FAILED;
      } else {
        session->is_established = true;
        if (!drain_spill(session)) status = CAPUS_TLS_WANTS_OUTPUT;
      }
    }
  }
  capus_tls_progress progress = {
      .consumed_byte_count = input_byte_count - session->input_byte_count,
      .produced_byte_count = session->output_byte_count,
      .status = status,
  };
  end(session);
  return progress;
}

capus_tls_progress capus_tls_receive(capus_tls_session *session, const void *input,
                                     size_t input_byte_count, void *output,
                                     size_t output_byte_count) {
  // What OpenSSL has to say meanwhile is kept for the next call that has room for ciphertext.
  begin(session, input, input_byte_count, NULL, 0);
  size_t produced = 0;
  int32_t status = CAPUS_TLS_PROGRESSED;
  while (produced < output_byte_count) {
    size_t count = 0;
    int result = SSL_read_ex(session->ssl, (unsigned char *)output + produced,
                             output_byte_count - produced, &count);
    if (result == 1) {
      produced += count;
      session->received_byte_count += count;
      // OpenSSL need not find out that there is no more.
      if (session->input_byte_count == 0 && SSL_pending(session->ssl) == 0) break;
      continue;
    }
    status = status_of(session, result);
    break;
  }
  if (status == CAPUS_TLS_WANTS_INPUT) status = CAPUS_TLS_PROGRESSED;
  // There is room for every answer but those to a peer that asks without end.
  bool is_unanswered = status == CAPUS_TLS_WANTS_OUTPUT;
  if (is_unanswered || (status == CAPUS_TLS_PROGRESSED && capus_tls_is_flooded(session))) {
    session->failure = (capus_tls_failure){.fault = CAPUS_TLS_FAULT_FLOOD};
    status = CAPUS_TLS_FAILED;
  }
  if (status == CAPUS_TLS_PROGRESSED && produced == output_byte_count &&
      (session->input_byte_count > 0 || SSL_pending(session->ssl) > 0)) {
    status = CAPUS_TLS_WANTS_OUTPUT;
  }
  capus_tls_progress progress = {
      .consumed_byte_count = input_byte_count - session->input_byte_count,
      .produced_byte_count = produced,
      .status = status,
  };
  end(session);
  return progress;
}

/// Encrypts one record; how much of the plaintext it took comes in `taken`.
static int32_t send_record(capus_tls_session *session, const unsigned char *plaintext,
                           size_t byte_count, size_t *taken) {
  if (byte_count > RECORD_BYTE_COUNT_MAX) byte_count = RECORD_BYTE_COUNT_MAX;
  if (session->sent_record_count >= session->context->records_per_key &&
      SSL_version(session->ssl) == TLS1_3_VERSION) {
    // One that was begun before does as well.
    if (!SSL_in_init(session->ssl) &&
        SSL_key_update(session->ssl, SSL_KEY_UPDATE_NOT_REQUESTED) != 1) {
      return capus_tls_fail(session);
    }
    session->sent_record_count = 0;
  }
  size_t written = 0;
  int result = SSL_write_ex(session->ssl, plaintext, byte_count, &written);
  *taken = written;
  int32_t status = result == 1 ? CAPUS_TLS_PROGRESSED : status_of(session, result);
  if (status == CAPUS_TLS_WANTS_OUTPUT && !SSL_in_init(session->ssl)) {
    // The record is made: what is missing is room. In a change of keys it is not made yet.
    session->pending_byte_count = byte_count;
    *taken = byte_count;
  }
  if (*taken > 0) session->sent_record_count += 1;
  if (status == CAPUS_TLS_PROGRESSED && !drain_spill(session)) status = CAPUS_TLS_WANTS_OUTPUT;
  return status;
}

capus_tls_progress capus_tls_send(capus_tls_session *session, const void *input,
                                  size_t input_byte_count, void *output,
                                  size_t output_byte_count) {
  begin(session, NULL, 0, output, output_byte_count);
  size_t consumed = 0;
  int32_t status = drain(session);
  while (status == CAPUS_TLS_PROGRESSED && consumed < input_byte_count) {
    // A record for which there is no room at all waits for the next call.
    if (session->output_byte_count == output_byte_count) {
      status = CAPUS_TLS_WANTS_OUTPUT;
      break;
    }
    size_t taken = 0;
    status = send_record(session, (const unsigned char *)input + consumed,
                         input_byte_count - consumed, &taken);
    consumed += taken;
  }
  capus_tls_progress progress = {
      .consumed_byte_count = consumed,
      .produced_byte_count = session->output_byte_count,
      .status = status,
  };
  end(session);
  return progress;
}

capus_tls_progress capus_tls_flush(capus_tls_session *session, void *output,
                                   size_t output_byte_count) {
  begin(session, NULL, 0, output, output_byte_count);
  int32_t status = drain(session);
  capus_tls_progress progress = {
      .produced_byte_count = session->output_byte_count,
      .status = status,
  };
  end(session);
  return progress;
}

capus_tls_progress capus_tls_close(capus_tls_session *session, void *output,
                                   size_t output_byte_count) {
  begin(session, NULL, 0, output, output_byte_count);
  int32_t status = drain(session);
  if (status == CAPUS_TLS_PROGRESSED && !session->is_closing) {
    session->is_closing = true;
    // close_notify is short, so it is handed over or kept. In a handshake there is none to send.
    if (session->is_established && SSL_shutdown(session->ssl) < 0) status = capus_tls_fail(session);
  }
  if (status == CAPUS_TLS_PROGRESSED) {
    status = drain_spill(session) ? CAPUS_TLS_CLOSED : CAPUS_TLS_WANTS_OUTPUT;
  }
  capus_tls_progress progress = {
      .produced_byte_count = session->output_byte_count,
      .status = status,
  };
  end(session);
  return progress;
}
