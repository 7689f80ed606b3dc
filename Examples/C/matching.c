// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// Two owners, one instrument: an order rests, another trades with it, and the rest is cancelled.
// Examples/Sources/MatchOrders does the same in Swift. C11, and C++ too:
//
//   cc matching.c $(pkg-config --cflags --libs apus) -o matching

#include <apus.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static apus_command make(enum apus_command_kind kind, uint64_t order_id, uint16_t owner) {
  apus_command command;
  memset(&command, 0, sizeof command);
  command.kind = kind;
  command.instrument = 1;
  command.order_id = command.client_order_id = order_id;
  command.owner = owner;
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

static void print(uint64_t sequence, const apus_event *event) {
  printf("%" PRIu64 ": ", sequence);
  switch (event->kind) {
    case APUS_EVENT_INSTRUMENT_DEFINED: printf("instrument %u defined\n", event->instrument); return;
    case APUS_EVENT_OWNER_LIMIT_SET: printf("owner %u may trade\n", event->owner); return;
    case APUS_EVENT_PHASE_CHANGED:
      printf("instrument %u is in phase %u\n", event->instrument, event->detail & 15u);
      return;
    default: printf("order %" PRIu64 " of owner %u ", event->order_id, event->owner);
  }
  switch (event->kind) {
    case APUS_EVENT_ACCEPTED: printf("accepted: %u at %u\n", event->quantity, event->price); break;
    case APUS_EVENT_CANCELLED: printf("cancelled: %u at %u\n", event->quantity, event->price); break;
    case APUS_EVENT_REJECTED: printf("refused for reason %u\n", event->reason); break;
    case APUS_EVENT_TRADE:
      printf("trades %u at %u with order %" PRIu64 ", which has %u left\n", event->quantity,
             event->price, event->related_order_id, event->related_leaves);
      break;
    default: printf("event %u\n", event->kind);
  }
}

int main(void) {
  char error[256];
  apus_configuration configuration;
  memset(&configuration, 0, sizeof configuration);
  configuration.size = sizeof configuration;
  configuration.order_capacity = 1 << 16;
  apus_engine *engine = apus_engine_create(&configuration, error, sizeof error);
  if (engine == NULL) {
    fprintf(stderr, "matching: %s\n", error);
    return 1;
  }
  apus_command commands[8];
  commands[0] = make(APUS_COMMAND_DEFINE_INSTRUMENT, 0, 0);
  commands[0].quantity = commands[0].price = 1;  // lot and tick
  commands[1] = authorise(10);
  commands[2] = authorise(20);
  commands[3] = make(APUS_COMMAND_SET_PHASE, 0, 0);
  commands[3].detail = APUS_PHASE_CONTINUOUS;
  commands[4] = limit_order(101, 10, APUS_SIDE_SELL, 5025, 100);
  commands[5] = limit_order(102, 20, APUS_SIDE_BUY, 5030, 60);
  commands[6] = make(APUS_COMMAND_CANCEL, 101, 20);
  commands[7] = make(APUS_COMMAND_CANCEL, 101, 10);
  uint64_t orders = 0;
  for (size_t index = 0; index < sizeof commands / sizeof commands[0]; index++) {
    int status = apus_engine_submit(engine, &commands[index], (index + 1) * 1000);
    if (status != APUS_OK) {
      fprintf(stderr, "matching: submit returned %d\n", status);
      return 1;
    }
    apus_event event;
    uint64_t sequence;
    while (apus_engine_poll(engine, &event, &sequence, 1) == 1) print(sequence, &event);
    apus_level ask;
    orders = 0;
    if (apus_engine_best(engine, 1, APUS_SIDE_SELL, &ask) == APUS_OK) {
      printf("   best ask %" PRIu64 " at %u\n", ask.quantity, ask.price);
      orders = ask.order_count;
    }
  }
  printf("%" PRIu64 " orders rest\n", orders);
  apus_engine_destroy(engine);
  return 0;
}
