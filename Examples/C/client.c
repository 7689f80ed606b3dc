// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// A client of a matching engine that runs as a service: two owners trade, one command after the other.
// When the service dies the client waits for the next one and submits again what no event reported; what
// the engine had taken already it refuses by its id, so that nothing is done twice. C11, and C++ too:
//
//   make install                          # in Apus: apus.h, libapus.so and apus itself
//   apus serve matching /tmp/venue &
//   cc client.c $(pkg-config --cflags --libs apus) -o client && ./client /tmp/venue
//
// Run again on the same folder it is refused what is there from the first time: its ids are always the same.

#define _POSIX_C_SOURCE 199309L

#include <apus.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { SESSION = 7 };

static apus_command make(enum apus_command_kind kind, uint64_t order_id, uint16_t owner) {
  apus_command command;
  memset(&command, 0, sizeof command);
  command.kind = kind;
  command.instrument = 1;
  command.order_id = command.client_order_id = order_id;
  command.owner = owner;
  command.session = SESSION;
  return command;
}

static apus_command limit_order(
    uint64_t order_id, uint16_t owner, enum apus_side side, uint32_t price, uint32_t quantity) {
  apus_command command = make(APUS_COMMAND_NEW, order_id, owner);
  command.side = side;
  command.type = APUS_TYPE_LIMIT;
  command.detail = APUS_TIME_DAY;
  command.price = price;
  command.quantity = quantity;
  return command;
}

static apus_command authorise(uint16_t owner) {
  apus_command command = make(APUS_COMMAND_SET_OWNER_LIMIT, 0, owner);
  command.instrument = 0;
  command.detail = APUS_LIMIT_OPEN_ORDERS;
  command.value = 1000;
  return command;
}

static const char *reason_text(uint8_t reason) {
  switch (reason) {
    case APUS_REASON_DUPLICATE_INSTRUMENT: return "this instrument is defined already";
    case APUS_REASON_PHASE: return "not in the phase that the instrument is in";
    case APUS_REASON_ORDER_ID_REUSED:
    case APUS_REASON_DUPLICATE_ORDER_ID: return "this id is taken";
    default: return NULL;
  }
}

static void print_refusal(const apus_event *event) {
  const char *text = reason_text(event->reason);
  if (event->order_id != 0) printf("order %" PRIu64 " ", event->order_id);
  // The others are in apus.h, as enum apus_reason.
  if (text == NULL) {
    printf("refused: reason %u\n", event->reason);
  } else {
    printf("refused: %s\n", text);
  }
}

static void print(const apus_event *event) {
  switch (event->kind) {
    case APUS_EVENT_INSTRUMENT_DEFINED: printf("instrument %u defined\n", event->instrument); break;
    case APUS_EVENT_OWNER_LIMIT_SET: printf("owner %u may trade\n", event->owner); break;
    case APUS_EVENT_PHASE_CHANGED: printf("instrument %u is open\n", event->instrument); break;
    case APUS_EVENT_ACCEPTED:
      printf("order %" PRIu64 " of owner %u accepted: %u at %u\n", event->order_id, event->owner,
             event->quantity, event->price);
      break;
    case APUS_EVENT_TRADE:
      printf("order %" PRIu64 " trades %u at %u with order %" PRIu64 "\n", event->order_id,
             event->quantity, event->price, event->related_order_id);
      break;
    case APUS_EVENT_REJECTED: print_refusal(event); break;
    default: printf("event %u\n", event->kind);
  }
  fflush(stdout);
}

static void pause_a_moment(void) {
  struct timespec moment;
  moment.tv_sec = 0;
  moment.tv_nsec = 10000000;
  nanosleep(&moment, NULL);
}

// Connects, and waits for 10 s for a service that is starting or has yet to take over.
static apus_client *connect_to(const char *folder) {
  char error[256];
  for (int attempt = 0;; attempt++) {
    apus_client *client = apus_client_connect(folder, "example", error, sizeof error);
    if (client != NULL) return client;
    if (attempt == 1000) {
      fprintf(stderr, "client: %s\n", error);
      return NULL;
    }
    if (attempt == 0) fprintf(stderr, "client: waiting for 10 s at most: %s\n", error);
    pause_a_moment();
  }
}

// Takes a ring of the service that runs next. Returns 0 where none does within half a minute.
static int reconnect(apus_client *client) {
  char error[256];
  fprintf(stderr, "client: the service is gone; waiting for the next one\n");
  for (int attempt = 0; attempt < 3000; attempt++) {
    if (apus_client_reconnect(client, error, sizeof error) == APUS_OK) return 1;
    pause_a_moment();
  }
  fprintf(stderr, "client: %s\n", error);
  return 0;
}

// Prints the events that are there, and says whether an event of the wanted kind, or a refusal, is among
// them. Returns -1 where the log cannot be read.
static int print_events(apus_client *client, enum apus_event_kind wanted) {
  apus_event events[16];
  size_t count;
  int is_found = 0;
  do {
    // The events are of all clients; this one has the service for itself.
    int status = apus_client_poll(client, events, NULL, 16, &count);
    if (status == APUS_LOG_UNREADABLE) return -1;
    for (size_t index = 0; index < count; index++) {
      print(&events[index]);
      if (events[index].kind == wanted || events[index].kind == APUS_EVENT_REJECTED) is_found = 1;
    }
  } while (count > 0);
  return is_found;
}

// Submits a command and waits for its event, however often the service dies. Returns 0 where that is in vain.
static int execute(
    apus_client *client, const apus_command *command, enum apus_event_kind wanted) {
  // What comes with a command is kept beside it in the journal.
  static const char note[] = "kept for an audit";
  int is_submitted = 0;
  for (;;) {
    int status = is_submitted ? APUS_OK : apus_client_submit(client, command, note, sizeof note - 1);
    if (status == APUS_RING_FULL) {
      pause_a_moment();
    } else if (status == APUS_OK) {
      is_submitted = 1;
      int found = print_events(client, wanted);
      if (found != 0) return found > 0;
      if (apus_client_wait(client, 100000000) || apus_client_is_connected(client)) continue;
      if (!reconnect(client)) return 0;
      // Where it was taken before the end, its events are in the log before the next service takes anything.
      is_submitted = apus_client_wait(client, 0);
    } else if (status != APUS_DISCONNECTED || !reconnect(client)) {
      fprintf(stderr, "client: submit returned %d\n", status);
      return 0;
    }
  }
}

int main(int count, char **arguments) {
  if (count != 2) {
    fprintf(stderr, "usage: client FOLDER\n");
    return 2;
  }
  apus_client *client = connect_to(arguments[1]);
  if (client == NULL) return 1;
  apus_command define = make(APUS_COMMAND_DEFINE_INSTRUMENT, 0, 0);
  define.quantity = define.price = 1;  // lot and tick
  apus_command seller = authorise(10);
  apus_command buyer = authorise(20);
  apus_command open = make(APUS_COMMAND_SET_PHASE, 0, 0);
  open.detail = APUS_PHASE_CONTINUOUS;
  apus_command ask = limit_order(101, 10, APUS_SIDE_SELL, 5025, 100);
  apus_command bid = limit_order(102, 20, APUS_SIDE_BUY, 5030, 60);
  int is_done = execute(client, &define, APUS_EVENT_INSTRUMENT_DEFINED)
      && execute(client, &seller, APUS_EVENT_OWNER_LIMIT_SET)
      && execute(client, &buyer, APUS_EVENT_OWNER_LIMIT_SET)
      && execute(client, &open, APUS_EVENT_PHASE_CHANGED)
      && execute(client, &ask, APUS_EVENT_ACCEPTED) && execute(client, &bid, APUS_EVENT_TRADE);
  apus_client_close(client);
  return is_done ? 0 : 1;
}
