// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#include "CApusNATS.h"

#include <errno.h>
#include <nats/nats.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct capus_nats {
  natsOptions *options;
  natsConnection *connection;
  jsCtx *stream;
  kvStore *bucket;
  int64_t ttl;
  /// The bucket's stream, as the server names it.
  char name[256];
};

/// What the description of a bucket begins with that counts from a base.
static const char base_mark[] = "apus epoch base ";

static natsStatus open_bucket(capus_nats *store, const char *bucket, int64_t ttl, int replicas,
                              uint64_t base) {
  int length = snprintf(store->name, sizeof store->name, "KV_%s", bucket);
  if (length < 0 || (size_t)length >= sizeof store->name) return NATS_INVALID_ARG;
  char description[64];
  snprintf(description, sizeof description, "%s%llu", base_mark, (unsigned long long)base);
  natsStatus status = js_KeyValue(&store->bucket, store->stream, bucket);
  if (status == NATS_NOT_FOUND) {
    kvConfig config;
    kvConfig_Init(&config);
    config.Bucket = bucket;
    // Made with the bucket, in one: nobody writes to it before it has its base.
    if (base > 0) config.Description = description;
    config.History = 1;
    config.TTL = ttl;
    config.StorageType = js_FileStorage;
    config.Replicas = replicas;
    status = js_CreateKeyValue(&store->bucket, store->stream, &config);
    // Another candidate may have made it meanwhile.
    if (status != NATS_OK) status = js_KeyValue(&store->bucket, store->stream, bucket);
  }
  if (status != NATS_OK) return status;
  kvStatus *found = NULL;
  status = kvStore_Status(&found, store->bucket);
  if (status == NATS_OK) store->ttl = kvStatus_TTL(found);
  kvStatus_Destroy(found);
  return status;
}

int capus_nats_open(capus_nats **made, const char *url, const char *bucket,
                    int64_t ttl_nanoseconds, int replicas, uint64_t base,
                    int64_t timeout_milliseconds) {
  capus_nats *store = calloc(1, sizeof *store);
  if (store == NULL) return -(int)NATS_NO_MEMORY;
  natsStatus status = natsOptions_Create(&store->options);
  if (status == NATS_OK) status = natsOptions_SetURL(store->options, url);
  if (status == NATS_OK) status = natsOptions_SetTimeout(store->options, timeout_milliseconds);
  // A lease outlives a restart of the server; the client goes on trying for as long.
  if (status == NATS_OK) status = natsOptions_SetMaxReconnect(store->options, -1);
  if (status == NATS_OK) status = natsOptions_SetReconnectWait(store->options, 100);
  if (status == NATS_OK) status = natsConnection_Connect(&store->connection, store->options);
  jsOptions options;
  if (status == NATS_OK) status = jsOptions_Init(&options);
  if (status == NATS_OK) {
    options.Wait = timeout_milliseconds;
    status = natsConnection_JetStream(&store->stream, store->connection, &options);
  }
  if (status == NATS_OK) status = open_bucket(store, bucket, ttl_nanoseconds, replicas, base);
  if (status != NATS_OK) {
    capus_nats_close(store);
    return -(int)status;
  }
  *made = store;
  return 0;
}

void capus_nats_close(capus_nats *store) {
  if (store == NULL) return;
  kvStore_Destroy(store->bucket);
  jsCtx_Destroy(store->stream);
  natsConnection_Destroy(store->connection);
  natsOptions_Destroy(store->options);
  free(store);
}

int64_t capus_nats_ttl(const capus_nats *store) { return store->ttl; }

int capus_nats_base(capus_nats *store, uint64_t *base) {
  jsStreamInfo *info = NULL;
  natsStatus status = js_GetStreamInfo(&info, store->stream, store->name, NULL, NULL);
  if (status == NATS_NOT_FOUND) return CAPUS_NATS_NONE;
  if (status != NATS_OK) return -(int)status;
  const char *text = info->Config == NULL ? NULL : info->Config->Description;
  size_t length = sizeof base_mark - 1;
  *base = 0;
  if (text != NULL && strncmp(text, base_mark, length) == 0) {
    char *end = NULL;
    errno = 0;
    unsigned long long value = strtoull(text + length, &end, 10);
    int is_number = text[length] >= '0' && text[length] <= '9' && *end == 0 && errno == 0;
    *base = is_number ? value : UINT64_MAX;
  }
  jsStreamInfo_Destroy(info);
  return 0;
}

// The server refuses a wrong revision with an error of its own, which libnats tells as NATS_ERR.
static int outcome(natsStatus status) {
  if (status == NATS_OK) return 0;
  return status == NATS_ERR || status == NATS_MISMATCH ? CAPUS_NATS_CONFLICT : -(int)status;
}

int capus_nats_create(capus_nats *store, const char *key, const void *bytes, int byte_count,
                      uint64_t *revision) {
  return outcome(kvStore_Create(revision, store->bucket, key, bytes, byte_count));
}

int capus_nats_update(capus_nats *store, const char *key, const void *bytes, int byte_count,
                      uint64_t last, uint64_t *revision) {
  return outcome(kvStore_Update(revision, store->bucket, key, bytes, byte_count, last));
}

int capus_nats_get(capus_nats *store, const char *key, void *bytes, int capacity, int *byte_count,
                   uint64_t *revision) {
  kvEntry *entry = NULL;
  natsStatus status = kvStore_Get(&entry, store->bucket, key);
  if (status == NATS_NOT_FOUND) return CAPUS_NATS_NONE;
  if (status != NATS_OK) return -(int)status;
  *byte_count = kvEntry_ValueLen(entry);
  *revision = kvEntry_Revision(entry);
  int copied = *byte_count < capacity ? *byte_count : capacity;
  if (copied > 0) memcpy(bytes, kvEntry_Value(entry), (size_t)copied);
  kvEntry_Destroy(entry);
  return 0;
}

const char *capus_nats_text(int status) {
  if (status == CAPUS_NATS_CONFLICT) return "another value is there";
  if (status == CAPUS_NATS_NONE) return "no value is there";
  return natsStatus_GetText((natsStatus)-status);
}
