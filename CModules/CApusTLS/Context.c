// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include "Context.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <string.h>

unsigned long capus_tls_take_error(void) {
  unsigned long first = 0, code;
  // The library of TLS says more than those below it, whose errors come first.
  while ((code = ERR_get_error()) != 0) {
    if (first == 0 || (ERR_GET_LIB(first) != ERR_LIB_SSL && ERR_GET_LIB(code) == ERR_LIB_SSL)) {
      first = code;
    }
  }
  return first;
}

/// The error of a call that has failed: never 0.
static uint64_t error_code(void) {
  unsigned long code = capus_tls_take_error();
  return code != 0 ? code : ERR_PACK(ERR_LIB_SSL, 0, ERR_R_INTERNAL_ERROR);
}

// MARK: Pre-shared keys

static SSL_SESSION *session_with_key(SSL *ssl, const struct pre_shared_key *key) {
  static const unsigned char aes_128_gcm_sha256[] = {0x13, 0x01};
  SSL_SESSION *made = SSL_SESSION_new();
  if (made == NULL) return NULL;
  const SSL_CIPHER *cipher = SSL_CIPHER_find(ssl, aes_128_gcm_sha256);
  if (cipher == NULL || !SSL_SESSION_set1_master_key(made, key->key, key->key_byte_count) ||
      !SSL_SESSION_set_cipher(made, cipher) ||
      !SSL_SESSION_set_protocol_version(made, TLS1_3_VERSION)) {
    SSL_SESSION_free(made);
    return NULL;
  }
  return made;
}

/// What a client offers.
static int use_key(SSL *ssl, const EVP_MD *digest, const unsigned char **identity,
                   size_t *identity_byte_count, SSL_SESSION **found) {
  capus_tls_session *session = SSL_get_app_data(ssl);
  const struct pre_shared_key *key = &session->context->keys[0];
  *identity = NULL;
  *identity_byte_count = 0;
  *found = NULL;
  // After a retry the server has chosen a digest; with another one this key cannot be used.
  if (digest != NULL && EVP_MD_get_type(digest) != NID_sha256) return 1;
  *found = session_with_key(ssl, key);
  if (*found == NULL) return 0;
  *identity = key->identity;
  *identity_byte_count = key->identity_byte_count;
  session->key_index = 0;
  return 1;
}

/// The key of an identity that a client has offered. Identities are sent in the clear: no secrets.
static int find_key(SSL *ssl, const unsigned char *identity, size_t identity_byte_count,
                    SSL_SESSION **found) {
  capus_tls_session *session = SSL_get_app_data(ssl);
  const capus_tls_context *context = session->context;
  *found = NULL;
  for (size_t index = 0; index < context->key_count; index++) {
    const struct pre_shared_key *key = &context->keys[index];
    if (key->identity_byte_count != identity_byte_count ||
        memcmp(key->identity, identity, identity_byte_count) != 0) {
      continue;
    }
    *found = session_with_key(ssl, key);
    session->key_index = (ptrdiff_t)index;
    return *found != NULL;
  }
  // OpenSSL goes on to the next identity, or to a certificate, of which there is none.
  session->key_is_unknown = true;
  return 1;
}

uint64_t capus_tls_context_add_key(capus_tls_context *context, const void *identity,
                                   size_t identity_byte_count, const void *key,
                                   size_t key_byte_count) {
  struct pre_shared_key *keys =
      OPENSSL_realloc(context->keys, (context->key_count + 1) * sizeof *keys);
  if (keys == NULL) return error_code();
  context->keys = keys;
  struct pre_shared_key *added = &keys[context->key_count];
  added->identity = OPENSSL_memdup(identity, identity_byte_count);
  added->identity_byte_count = identity_byte_count;
  added->key = OPENSSL_memdup(key, key_byte_count);
  added->key_byte_count = key_byte_count;
  context->key_count += 1;
  if (added->identity == NULL || added->key == NULL) return error_code();
  if (!SSL_CTX_set_ciphersuites(context->ssl, "TLS_AES_128_GCM_SHA256") ||
      !SSL_CTX_set_min_proto_version(context->ssl, TLS1_3_VERSION)) {
    return error_code();
  }
  if (context->is_server) {
    SSL_CTX_set_psk_find_session_callback(context->ssl, find_key);
  } else {
    SSL_CTX_set_psk_use_session_callback(context->ssl, use_key);
    // A server that answers with a certificate instead is not believed: no authority is.
    SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER, NULL);
  }
  return 0;
}

// MARK: Certificates

/// A key with a passphrase is an error: nobody is asked on a terminal.
static int no_passphrase(char *buffer, int capacity, int writing, void *data) {
  (void)buffer, (void)capacity, (void)writing, (void)data;
  return -1;
}

/// Whether the reading of PEM has stopped because there is no more of it.
static bool is_end_of_pem(void) {
  unsigned long code = ERR_peek_last_error();
  bool is_end = ERR_GET_LIB(code) == ERR_LIB_PEM && ERR_GET_REASON(code) == PEM_R_NO_START_LINE;
  if (is_end) ERR_clear_error();
  return is_end;
}

uint64_t capus_tls_context_use_chain(capus_tls_context *context, const void *pem,
                                     size_t byte_count) {
  ERR_clear_error();
  BIO *bio = BIO_new_mem_buf(pem, (int)byte_count);
  if (bio == NULL) return error_code();
  X509 *certificate = PEM_read_bio_X509_AUX(bio, NULL, no_passphrase, NULL);
  bool is_good = certificate != NULL && SSL_CTX_use_certificate(context->ssl, certificate) == 1 &&
                 SSL_CTX_clear_chain_certs(context->ssl) == 1;
  X509_free(certificate);
  while (is_good) {
    certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    if (certificate == NULL) {
      is_good = is_end_of_pem();
      break;
    }
    is_good = SSL_CTX_add0_chain_cert(context->ssl, certificate) == 1;
    if (!is_good) X509_free(certificate);
  }
  BIO_free(bio);
  return is_good ? 0 : error_code();
}

uint64_t capus_tls_context_use_private_key(capus_tls_context *context, const void *pem,
                                           size_t byte_count) {
  ERR_clear_error();
  BIO *bio = BIO_new_mem_buf(pem, (int)byte_count);
  if (bio == NULL) return error_code();
  EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, NULL);
  bool is_good = key != NULL && SSL_CTX_use_PrivateKey(context->ssl, key) == 1 &&
                 SSL_CTX_check_private_key(context->ssl) == 1;
  EVP_PKEY_free(key);
  BIO_free(bio);
  return is_good ? 0 : error_code();
}

uint64_t capus_tls_context_trust(capus_tls_context *context, const void *pem, size_t byte_count) {
  ERR_clear_error();
  BIO *bio = BIO_new_mem_buf(pem, (int)byte_count);
  if (bio == NULL) return error_code();
  X509_STORE *store = SSL_CTX_get_cert_store(context->ssl);
  bool is_good = true;
  for (size_t count = 0; is_good; count++) {
    X509 *certificate = PEM_read_bio_X509(bio, NULL, no_passphrase, NULL);
    if (certificate == NULL) {
      // One at least.
      is_good = count > 0 && is_end_of_pem();
      break;
    }
    is_good = X509_STORE_add_cert(store, certificate) == 1 &&
              (!context->is_server || SSL_CTX_add_client_CA(context->ssl, certificate) == 1);
    X509_free(certificate);
  }
  BIO_free(bio);
  SSL_CTX_set_verify(context->ssl, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  return is_good ? 0 : error_code();
}

// MARK: Application protocols

static int choose_protocol(SSL *ssl, const unsigned char **chosen, unsigned char *chosen_byte_count,
                           const unsigned char *offered, unsigned offered_byte_count, void *data) {
  (void)ssl;
  const capus_tls_context *context = data;
  int result = SSL_select_next_proto((unsigned char **)chosen, chosen_byte_count,
                                     context->protocols, (unsigned)context->protocols_byte_count,
                                     offered, offered_byte_count);
  return result == OPENSSL_NPN_NEGOTIATED ? SSL_TLSEXT_ERR_OK : SSL_TLSEXT_ERR_ALERT_FATAL;
}

uint64_t capus_tls_context_set_protocols(capus_tls_context *context, const uint8_t *list,
                                         size_t byte_count) {
  if (!context->is_server) {
    // Here 0 is success.
    int result = SSL_CTX_set_alpn_protos(context->ssl, list, (unsigned)byte_count);
    return result == 0 ? 0 : error_code();
  }
  OPENSSL_free(context->protocols);
  context->protocols = OPENSSL_memdup(list, byte_count);
  context->protocols_byte_count = byte_count;
  if (context->protocols == NULL) return error_code();
  SSL_CTX_set_alpn_select_cb(context->ssl, choose_protocol, context);
  return 0;
}

// MARK: Context

capus_tls_context *capus_tls_context_create(bool is_server, bool tls12) {
  // At exit nothing is torn down under threads that still use it.
  OPENSSL_init_ssl(OPENSSL_INIT_NO_ATEXIT, NULL);
  ERR_clear_error();
  capus_tls_context *context = OPENSSL_zalloc(sizeof *context);
  if (context == NULL) return NULL;
  context->is_server = is_server;
  // AES-GCM keeps its margin to 2^24.5 records of one key (RFC 8446, 5.5).
  context->records_per_key = UINT64_C(1) << 22;
  context->ssl = SSL_CTX_new(is_server ? TLS_server_method() : TLS_client_method());
  if (context->ssl == NULL ||
      !SSL_CTX_set_min_proto_version(context->ssl, tls12 ? TLS1_2_VERSION : TLS1_3_VERSION) ||
      !SSL_CTX_set_max_proto_version(context->ssl, TLS1_3_VERSION) ||
      !SSL_CTX_set_cipher_list(context->ssl, "ECDHE+AESGCM:ECDHE+CHACHA20") ||
      !SSL_CTX_set_num_tickets(context->ssl, 0) || !SSL_CTX_set_max_early_data(context->ssl, 0) ||
      !SSL_CTX_set_recv_max_early_data(context->ssl, 0)) {
    capus_tls_context_destroy(context);
    return NULL;
  }
  SSL_CTX_set_options(context->ssl, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                        SSL_OP_NO_TICKET | SSL_OP_CIPHER_SERVER_PREFERENCE);
  // A write is one record, which is tried again from wherever the caller's bytes are then.
  SSL_CTX_set_mode(context->ssl,
                   SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  // Buffers are kept between records, so that none allocates.
  SSL_CTX_clear_mode(context->ssl, SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_session_cache_mode(context->ssl, SSL_SESS_CACHE_OFF);
  SSL_CTX_set_read_ahead(context->ssl, 0);
  SSL_CTX_set_verify(context->ssl, SSL_VERIFY_NONE, NULL);
  return context;
}

void capus_tls_context_destroy(capus_tls_context *context) {
  if (context == NULL) return;
  SSL_CTX_free(context->ssl);
  for (size_t index = 0; index < context->key_count; index++) {
    OPENSSL_free(context->keys[index].identity);
    OPENSSL_clear_free(context->keys[index].key, context->keys[index].key_byte_count);
  }
  OPENSSL_free(context->keys);
  OPENSSL_free(context->protocols);
  OPENSSL_free(context);
}

void capus_tls_context_set_records_per_key(capus_tls_context *context, uint64_t count) {
  context->records_per_key = count;
}

// MARK: Texts

const char *capus_tls_error_text(uint64_t code) {
  return ERR_reason_error_string((unsigned long)code);
}

const char *capus_tls_verification_text(uint64_t code) {
  return X509_verify_cert_error_string((long)code);
}

void capus_tls_cleanse(void *bytes, size_t byte_count) { OPENSSL_cleanse(bytes, byte_count); }
