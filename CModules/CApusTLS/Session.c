// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "Context.h"

// MARK: Messages that are no data

bool capus_tls_is_flooded(const capus_tls_session *session) {
  // Changes of keys and tickets: a few for nothing, and one for each 64 KiB of data.
  return session->message_count > 64 + (session->received_byte_count >> 16);
}

static void count_message(int is_written, int version, int type, const void *bytes,
                          size_t byte_count, SSL *ssl, void *data) {
  (void)version, (void)bytes, (void)byte_count, (void)ssl;
  capus_tls_session *session = data;
  if (!is_written && type == SSL3_RT_HANDSHAKE && session->is_established) {
    session->message_count += 1;
  }
}

// MARK: Making one

capus_tls_session *capus_tls_session_create(capus_tls_context *context, const char *server_name,
                                            bool is_address) {
  ERR_clear_error();
  capus_tls_session *session = OPENSSL_zalloc(sizeof *session);
  if (session == NULL) return NULL;
  session->context = context;
  session->key_index = -1;
  session->ssl = SSL_new(context->ssl);
  BIO *bio = session->ssl != NULL ? capus_tls_memory_bio(session) : NULL;
  if (bio == NULL) {
    capus_tls_session_destroy(session);
    return NULL;
  }
  // One reference for both directions.
  SSL_set_bio(session->ssl, bio, bio);
  SSL_set_app_data(session->ssl, session);
  SSL_set_msg_callback(session->ssl, count_message);
  SSL_set_msg_callback_arg(session->ssl, session);
  if (context->is_server) {
    SSL_set_accept_state(session->ssl);
  } else {
    SSL_set_connect_state(session->ssl);
    SSL_set_hostflags(session->ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (server_name != NULL) {
      bool is_set = is_address
                        ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(session->ssl), server_name)
                        : SSL_set1_host(session->ssl, server_name) &&
                              SSL_set_tlsext_host_name(session->ssl, server_name);
      if (!is_set) {
        capus_tls_session_destroy(session);
        return NULL;
      }
    }
  }
  return session;
}

void capus_tls_session_destroy(capus_tls_session *session) {
  if (session == NULL) return;
  // The BIO goes with it.
  SSL_free(session->ssl);
  OPENSSL_clear_free(session, sizeof *session);
}

// MARK: Failures

static bool is_alert_about_certificate(int alert) {
  switch (alert) {
    case SSL_AD_BAD_CERTIFICATE:
    case SSL_AD_UNSUPPORTED_CERTIFICATE:
    case SSL_AD_CERTIFICATE_REVOKED:
    case SSL_AD_CERTIFICATE_EXPIRED:
    case SSL_AD_CERTIFICATE_UNKNOWN:
    case SSL_AD_UNKNOWN_CA:
    case SSL_AD_CERTIFICATE_REQUIRED:
      return true;
    default:
      return false;
  }
}

/// What servers answer where the key, or its identity, is not theirs.
static bool is_alert_about_key(int alert) {
  return alert == SSL_AD_HANDSHAKE_FAILURE || alert == SSL_AD_ILLEGAL_PARAMETER ||
         alert == SSL_AD_DECRYPT_ERROR || alert == SSL_AD_UNKNOWN_PSK_IDENTITY;
}

static int fault_of(const capus_tls_session *session, unsigned long code) {
  if (ERR_GET_LIB(code) != ERR_LIB_SSL) return CAPUS_TLS_FAULT_PROTOCOL;
  int reason = ERR_GET_REASON(code);
  bool begins_with_key = session->context->key_count > 0 && !session->is_established;
  if (reason >= SSL_AD_REASON_OFFSET) {
    int alert = reason - SSL_AD_REASON_OFFSET;
    if (begins_with_key && is_alert_about_key(alert)) return CAPUS_TLS_FAULT_KEY;
    return is_alert_about_certificate(alert) ? CAPUS_TLS_FAULT_CERTIFICATE
                                             : CAPUS_TLS_FAULT_PROTOCOL;
  }
  switch (reason) {
    case SSL_R_BINDER_DOES_NOT_VERIFY:
      return CAPUS_TLS_FAULT_KEY;
    case SSL_R_CERTIFICATE_VERIFY_FAILED:
      // Not a certificate but the key was asked for.
      return begins_with_key ? CAPUS_TLS_FAULT_KEY : CAPUS_TLS_FAULT_VERIFICATION;
    case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
      return CAPUS_TLS_FAULT_CERTIFICATE;
    case SSL_R_NO_SUITABLE_SIGNATURE_ALGORITHM:
    case SSL_R_NO_SHARED_CIPHER:
      // A server with keys looks for a certificate where no key was found.
      return begins_with_key ? CAPUS_TLS_FAULT_KEY : CAPUS_TLS_FAULT_PROTOCOL;
    default:
      return begins_with_key && session->key_is_unknown && session->key_index < 0
                 ? CAPUS_TLS_FAULT_KEY
                 : CAPUS_TLS_FAULT_PROTOCOL;
  }
}

int32_t capus_tls_fail(capus_tls_session *session) {
  // OpenSSL finishes no record any more.
  session->pending_byte_count = 0;
  unsigned long code = capus_tls_take_error();
  session->failure.fault = fault_of(session, code);
  session->failure.code = session->failure.fault == CAPUS_TLS_FAULT_VERIFICATION
                              ? (uint64_t)SSL_get_verify_result(session->ssl)
                              : code;
  return CAPUS_TLS_FAILED;
}

capus_tls_failure capus_tls_session_failure(const capus_tls_session *session) {
  return session->failure;
}

// MARK: What was agreed

uint64_t capus_tls_session_update_key(capus_tls_session *session, bool both) {
  ERR_clear_error();
  int type = both ? SSL_KEY_UPDATE_REQUESTED : SSL_KEY_UPDATE_NOT_REQUESTED;
  return SSL_key_update(session->ssl, type) == 1 ? 0 : capus_tls_take_error();
}

int capus_tls_session_version(const capus_tls_session *session) {
  return SSL_version(session->ssl);
}

size_t capus_tls_session_protocol(const capus_tls_session *session, const uint8_t **protocol) {
  unsigned byte_count = 0;
  SSL_get0_alpn_selected(session->ssl, protocol, &byte_count);
  return byte_count;
}

ptrdiff_t capus_tls_session_key_index(const capus_tls_session *session) {
  return SSL_session_reused(session->ssl) ? session->key_index : -1;
}

ptrdiff_t capus_tls_session_subject(const capus_tls_session *session, char *text, size_t capacity) {
  X509 *certificate = SSL_get0_peer_certificate(session->ssl);
  if (certificate == NULL || capacity == 0) return -1;
  BIO *bio = BIO_new(BIO_s_mem());
  if (bio == NULL) return -1;
  int printed = X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253);
  char *bytes;
  long byte_count = printed < 0 ? -1 : BIO_get_mem_data(bio, &bytes);
  if (byte_count >= 0) {
    size_t copied = (size_t)byte_count < capacity - 1 ? (size_t)byte_count : capacity - 1;
    memcpy(text, bytes, copied);
    text[copied] = 0;
  }
  BIO_free(bio);
  return byte_count;
}
