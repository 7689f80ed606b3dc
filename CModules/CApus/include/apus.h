// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

#ifndef APUS_H
#define APUS_H

#include <stddef.h>
#include <stdint.h>

// The matching engine of Apus for C and C++.
//
// An engine takes one stream of commands and gives one stream of events; equal commands at equal times
// give equal events and equal states. What every command does: docs/matching-rules.md; which field
// means what: docs/formats/matching.md; how to link: docs/embedding.md.
//
// Threading: one thread at a time per engine; different engines are independent. No function here
// blocks, reads a clock or starts a thread.
// Byte order: the host's. Only little-endian hosts are supported, so the structures are the bytes of
// docs/formats/matching.md.

#ifdef __cplusplus
#define APUS_ASSERT(condition, text) static_assert(condition, text)
extern "C" {
#else
#define APUS_ASSERT(condition, text) _Static_assert(condition, text)
#endif

/// Version of this header. `apus_version` has the library's.
#define APUS_VERSION "0.1.0"

/// What a function that can fail returns.
enum apus_status {
  APUS_OK = 0,
  /// An argument that must not be NULL is; nothing was done.
  APUS_NULL_ARGUMENT = 1,
  /// The events that wait leave no room for the most that one command may give; nothing was done: poll,
  /// then submit the same command again.
  APUS_QUEUE_FULL = 2,
  /// The time is earlier than that of the command before; nothing was done.
  APUS_TIME_BACKWARDS = 3,
  /// A side that is neither `APUS_SIDE_BUY` nor `APUS_SIDE_SELL`.
  APUS_BAD_SIDE = 4,
  /// The book has no orders on that side.
  APUS_EMPTY = 5,
  /// The client's ring is full; nothing was submitted: try again.
  APUS_RING_FULL = 6,
  /// The attachment is longer than APUS_ATTACHMENT_MAX; nothing was submitted.
  APUS_ATTACHMENT_TOO_LONG = 7,
  /// The service has ended or died: reconnect, then submit again what no event reported.
  APUS_DISCONNECTED = 8,
  /// Events were removed before this client read them; the next poll begins with the first that is there.
  APUS_EVENTS_MISSED = 9,
  /// The event log cannot be read any more.
  APUS_LOG_UNREADABLE = 10,
  /// The service came back without the last commands, and what was read of them never happened: the next
  /// poll begins with the events that came in their place.
  APUS_EVENTS_CUT = 11
};

/// `apus_command.kind`.
enum apus_command_kind {
  APUS_COMMAND_NEW = 1,
  APUS_COMMAND_CANCEL = 2,
  APUS_COMMAND_REDUCE = 3,
  APUS_COMMAND_REPLACE = 4,
  APUS_COMMAND_MASS_CANCEL = 5,
  APUS_COMMAND_QUOTE = 6,
  APUS_COMMAND_DEFINE_INSTRUMENT = 7,
  APUS_COMMAND_CHANGE_INSTRUMENT = 8,
  APUS_COMMAND_SET_PHASE = 9,
  APUS_COMMAND_SET_REFERENCE_PRICE = 10,
  APUS_COMMAND_HALT = 11,
  APUS_COMMAND_RESUME = 12,
  APUS_COMMAND_SET_OWNER_LIMIT = 13,
  APUS_COMMAND_KILL_SWITCH = 14,
  APUS_COMMAND_EXPIRE = 15,
  APUS_COMMAND_RESET_SUMS = 16
};

/// `apus_event.kind`.
enum apus_event_kind {
  APUS_EVENT_ACCEPTED = 1,
  APUS_EVENT_REJECTED = 2,
  APUS_EVENT_TRADE = 3,
  APUS_EVENT_CANCELLED = 4,
  APUS_EVENT_REDUCED = 5,
  APUS_EVENT_REPLACED = 6,
  APUS_EVENT_REPLENISHED = 7,
  APUS_EVENT_SELF_TRADE_PREVENTED = 8,
  APUS_EVENT_TRIGGERED = 9,
  APUS_EVENT_ACTIVATED = 10,
  APUS_EVENT_MASS_CANCELLED = 11,
  APUS_EVENT_INSTRUMENT_DEFINED = 12,
  APUS_EVENT_INSTRUMENT_CHANGED = 13,
  APUS_EVENT_PHASE_CHANGED = 14,
  APUS_EVENT_REFERENCE_PRICE_SET = 15,
  APUS_EVENT_OWNER_LIMIT_SET = 16,
  APUS_EVENT_KILL_SWITCH_SET = 17,
  APUS_EVENT_AUCTION = 18,
  APUS_EVENT_TIME_EXPIRED = 19,
  APUS_EVENT_SUMS_RESET = 20
};

/// `side` of commands, events and queries.
enum apus_side { APUS_SIDE_BUY = 0x42, APUS_SIDE_SELL = 0x53 };

/// `apus_command.type`.
enum apus_order_type {
  APUS_TYPE_LIMIT = 1,
  APUS_TYPE_MARKET = 2,
  APUS_TYPE_STOP = 3,
  APUS_TYPE_STOP_LIMIT = 4,
  APUS_TYPE_TRAILING_STOP = 5,
  APUS_TYPE_PRIMARY_PEG = 6,
  APUS_TYPE_MID_PEG = 7
};

/// `apus_command.detail` of a new order.
enum apus_time_in_force {
  APUS_TIME_DAY = 1,
  APUS_TIME_GOOD_TILL_CANCEL = 2,
  APUS_TIME_GOOD_TILL_DATE = 3,
  APUS_TIME_IMMEDIATE_OR_CANCEL = 4,
  APUS_TIME_FILL_OR_KILL = 5,
  APUS_TIME_AT_OPEN = 6,
  APUS_TIME_AT_CLOSE = 7
};

/// `apus_command.detail` of a phase.
enum apus_phase {
  APUS_PHASE_CLOSED = 0,
  APUS_PHASE_PRE_OPEN = 1,
  APUS_PHASE_OPENING_AUCTION = 2,
  APUS_PHASE_CONTINUOUS = 3,
  APUS_PHASE_CLOSING_AUCTION = 4,
  APUS_PHASE_HALTED = 5,
  APUS_PHASE_VOLATILITY_PAUSE = 6
};

/// `apus_command.detail` of a new instrument.
enum apus_allocation {
  APUS_ALLOCATION_PRICE_TIME = 0,
  APUS_ALLOCATION_PRO_RATA = 1,
  APUS_ALLOCATION_PRO_RATA_TOP_ORDER = 2
};

/// `apus_command.detail` of an instrument's change.
enum apus_property {
  APUS_PROPERTY_LOT = 1,
  APUS_PROPERTY_QUANTITY_MAX = 2,
  APUS_PROPERTY_STATIC_BAND_PPM = 3,
  APUS_PROPERTY_DYNAMIC_BAND_PPM = 4,
  APUS_PROPERTY_COLLAR_PPM = 5,
  APUS_PROPERTY_PRO_RATA_MINIMUM = 6,
  APUS_PROPERTY_ALLOCATION = 7,
  APUS_PROPERTY_SELF_TRADE_PREVENTION = 8,
  APUS_PROPERTY_MARGIN_PPM = 9,
  APUS_PROPERTY_TICK = 10,
  APUS_PROPERTY_RESTRICTED = 11
};

/// `apus_command.detail` of an owner's limit.
enum apus_limit {
  APUS_LIMIT_ORDER_QUANTITY = 1,
  APUS_LIMIT_ORDER_NOTIONAL = 2,
  APUS_LIMIT_PRICE_TOLERANCE_PPM = 3,
  APUS_LIMIT_DUPLICATE_WINDOW = 4,
  APUS_LIMIT_MESSAGE_RATE = 5,
  APUS_LIMIT_OPEN_ORDERS = 6,
  APUS_LIMIT_POSITION = 7,
  APUS_LIMIT_GROSS_NOTIONAL = 8,
  APUS_LIMIT_NET_NOTIONAL = 9,
  APUS_LIMIT_CREDIT = 10,
  APUS_LIMIT_SELF_TRADE_GROUP = 11,
  APUS_LIMIT_TAKER_FEE_PPM = 12,
  APUS_LIMIT_MAKER_FEE_PPM = 13
};

/// `apus_command.detail` of a reset of an owner's sums, or of all owners' (owner 0).
enum apus_sums {
  APUS_SUMS_TRADED = 1,
  APUS_SUMS_FEES = 2,
  APUS_SUMS_TRADED_AND_FEES = 3
};

/// `capacity`, low half.
enum apus_capacity {
  APUS_CAPACITY_AGENCY = 0,
  APUS_CAPACITY_PRINCIPAL = 1,
  APUS_CAPACITY_RISKLESS_PRINCIPAL = 2
};

/// `apus_command.capacity`, high half: shift left by 4.
enum apus_self_trade {
  APUS_SELF_TRADE_DEFAULT = 0,
  APUS_SELF_TRADE_ALLOW = 1,
  APUS_SELF_TRADE_CANCEL_NEWEST = 2,
  APUS_SELF_TRADE_CANCEL_OLDEST = 3,
  APUS_SELF_TRADE_CANCEL_BOTH = 4,
  APUS_SELF_TRADE_DECREMENT_AND_CANCEL = 5
};

/// `apus_command.flags`.
enum apus_command_flags {
  APUS_FLAG_POST_ONLY = 1,
  APUS_FLAG_ONE_CANCELS_OTHER = 2,
  APUS_FLAG_BRACKET_CHILD = 4,
  APUS_FLAG_ALL_INSTRUMENTS = 8,
  APUS_FLAG_BOTH_SIDES = 16,
  APUS_FLAG_ON_DISCONNECT = 32,
  APUS_FLAG_ON = 64
};

/// `apus_event.flags`.
enum apus_event_flags {
  APUS_EVENT_FLAG_AUCTION = 1,
  APUS_EVENT_FLAG_HIDDEN = 2,
  APUS_EVENT_FLAG_POST_ONLY = 4,
  APUS_EVENT_FLAG_ONE_CANCELS_OTHER = 8,
  APUS_EVENT_FLAG_BRACKET_CHILD = 16,
  APUS_EVENT_FLAG_KEPT_PRIORITY = 32,
  APUS_EVENT_FLAG_ON = 64,
  APUS_EVENT_FLAG_QUOTE = 128
};

/// `apus_event.reason`: refusals from 1, ends of orders from 64.
enum apus_reason {
  APUS_REASON_NONE = 0,
  APUS_REASON_MALFORMED = 1,
  APUS_REASON_UNKNOWN_INSTRUMENT = 2,
  APUS_REASON_UNKNOWN_OWNER = 3,
  APUS_REASON_MARKET_KILLED = 4,
  APUS_REASON_OWNER_KILLED = 5,
  APUS_REASON_MESSAGE_RATE = 6,
  APUS_REASON_ORDER_ID_REUSED = 7,
  APUS_REASON_DUPLICATE_ORDER_ID = 8,
  APUS_REASON_UNKNOWN_ORDER = 9,
  APUS_REASON_NOT_OWNER = 10,
  APUS_REASON_CLOSED = 11,
  APUS_REASON_HALTED = 12,
  APUS_REASON_PHASE = 13,
  APUS_REASON_TIME_IN_FORCE = 14,
  APUS_REASON_QUANTITY = 15,
  APUS_REASON_LOT = 16,
  APUS_REASON_INSTRUMENT_QUANTITY = 17,
  APUS_REASON_PRICE = 18,
  APUS_REASON_TICK = 19,
  APUS_REASON_PRICE_BAND = 20,
  APUS_REASON_DISPLAY_QUANTITY = 21,
  APUS_REASON_TRIGGER = 22,
  APUS_REASON_EXPIRY = 23,
  APUS_REASON_POST_ONLY = 24,
  APUS_REASON_LINK = 25,
  APUS_REASON_RESTRICTED = 26,
  APUS_REASON_OWNER_ORDER_QUANTITY = 27,
  APUS_REASON_NOTIONAL_OVERFLOW = 28,
  APUS_REASON_OWNER_ORDER_NOTIONAL = 29,
  APUS_REASON_PRICE_TOLERANCE = 30,
  APUS_REASON_DUPLICATE_ORDER = 31,
  APUS_REASON_OPEN_ORDERS = 32,
  APUS_REASON_POSITION = 33,
  APUS_REASON_GROSS_NOTIONAL = 34,
  APUS_REASON_NET_NOTIONAL = 35,
  APUS_REASON_CREDIT = 36,
  APUS_REASON_CAPACITY = 37,
  APUS_REASON_WOULD_TAKE = 38,
  APUS_REASON_NOT_FILLABLE = 39,
  APUS_REASON_DUPLICATE_INSTRUMENT = 40,
  APUS_REASON_PROPERTY = 41,
  APUS_REASON_UNFINISHED = 42,
  APUS_REASON_NO_RISK_PRICE = 43,
  APUS_REASON_REQUESTED = 64,
  APUS_REASON_MASS_CANCEL = 65,
  APUS_REASON_DISCONNECTED = 66,
  APUS_REASON_KILLED = 67,
  APUS_REASON_IMMEDIATE = 68,
  APUS_REASON_SELF_TRADE = 69,
  APUS_REASON_LINKED = 70,
  APUS_REASON_EXPIRED = 71,
  APUS_REASON_END_OF_DAY = 72,
  APUS_REASON_AUCTION_ONLY = 73,
  APUS_REASON_QUOTE_REPLACED = 74,
  APUS_REASON_VOLATILITY = 75,
  APUS_REASON_EVENT_LIMIT = 76
};

/// One command. Fields that its kind does not use are 0.
typedef struct apus_command {
  uint8_t kind;
  uint8_t side;
  uint8_t type;
  uint8_t detail;
  uint16_t instrument;
  uint8_t flags;
  uint8_t capacity;
  uint64_t order_id;
  uint64_t client_order_id;
  uint16_t owner;
  uint16_t session;
  uint32_t account;
  uint32_t price;
  uint32_t quantity;
  uint32_t display_quantity;
  uint32_t trigger;
  uint64_t related_order_id;
  uint64_t value;
} apus_command;

/// One event.
typedef struct apus_event {
  uint8_t kind;
  uint8_t side;
  uint8_t reason;
  uint8_t flags;
  uint16_t instrument;
  uint8_t capacity;
  uint8_t detail;
  uint64_t order_id;
  uint64_t client_order_id;
  uint16_t owner;
  uint16_t session;
  uint32_t account;
  uint64_t related_order_id;
  uint64_t related_client_order_id;
  uint16_t related_owner;
  uint16_t related_session;
  uint32_t related_account;
  uint32_t price;
  uint32_t quantity;
  uint32_t leaves;
  uint32_t related_leaves;
  uint64_t value;
} apus_event;

APUS_ASSERT(sizeof(apus_command) == 64, "size of a command");
APUS_ASSERT(offsetof(apus_command, kind) == 0, "kind");
APUS_ASSERT(offsetof(apus_command, side) == 1, "side");
APUS_ASSERT(offsetof(apus_command, type) == 2, "type");
APUS_ASSERT(offsetof(apus_command, detail) == 3, "detail");
APUS_ASSERT(offsetof(apus_command, instrument) == 4, "instrument");
APUS_ASSERT(offsetof(apus_command, flags) == 6, "flags");
APUS_ASSERT(offsetof(apus_command, capacity) == 7, "capacity");
APUS_ASSERT(offsetof(apus_command, order_id) == 8, "order_id");
APUS_ASSERT(offsetof(apus_command, client_order_id) == 16, "client_order_id");
APUS_ASSERT(offsetof(apus_command, owner) == 24, "owner");
APUS_ASSERT(offsetof(apus_command, session) == 26, "session");
APUS_ASSERT(offsetof(apus_command, account) == 28, "account");
APUS_ASSERT(offsetof(apus_command, price) == 32, "price");
APUS_ASSERT(offsetof(apus_command, quantity) == 36, "quantity");
APUS_ASSERT(offsetof(apus_command, display_quantity) == 40, "display_quantity");
APUS_ASSERT(offsetof(apus_command, trigger) == 44, "trigger");
APUS_ASSERT(offsetof(apus_command, related_order_id) == 48, "related_order_id");
APUS_ASSERT(offsetof(apus_command, value) == 56, "value");
APUS_ASSERT(sizeof(apus_event) == 80, "size of a event");
APUS_ASSERT(offsetof(apus_event, kind) == 0, "kind");
APUS_ASSERT(offsetof(apus_event, side) == 1, "side");
APUS_ASSERT(offsetof(apus_event, reason) == 2, "reason");
APUS_ASSERT(offsetof(apus_event, flags) == 3, "flags");
APUS_ASSERT(offsetof(apus_event, instrument) == 4, "instrument");
APUS_ASSERT(offsetof(apus_event, capacity) == 6, "capacity");
APUS_ASSERT(offsetof(apus_event, detail) == 7, "detail");
APUS_ASSERT(offsetof(apus_event, order_id) == 8, "order_id");
APUS_ASSERT(offsetof(apus_event, client_order_id) == 16, "client_order_id");
APUS_ASSERT(offsetof(apus_event, owner) == 24, "owner");
APUS_ASSERT(offsetof(apus_event, session) == 26, "session");
APUS_ASSERT(offsetof(apus_event, account) == 28, "account");
APUS_ASSERT(offsetof(apus_event, related_order_id) == 32, "related_order_id");
APUS_ASSERT(offsetof(apus_event, related_client_order_id) == 40, "related_client_order_id");
APUS_ASSERT(offsetof(apus_event, related_owner) == 48, "related_owner");
APUS_ASSERT(offsetof(apus_event, related_session) == 50, "related_session");
APUS_ASSERT(offsetof(apus_event, related_account) == 52, "related_account");
APUS_ASSERT(offsetof(apus_event, price) == 56, "price");
APUS_ASSERT(offsetof(apus_event, quantity) == 60, "quantity");
APUS_ASSERT(offsetof(apus_event, leaves) == 64, "leaves");
APUS_ASSERT(offsetof(apus_event, related_leaves) == 68, "related_leaves");
APUS_ASSERT(offsetof(apus_event, value) == 72, "value");

/// Limits of an engine. Zero in any member but the first means the default. Memory is reserved for all
/// of it and committed as it is touched.
typedef struct apus_configuration {
  /// `sizeof(apus_configuration)`, so that later versions can add members at the end. Unit: bytes.
  uint64_t size;
  /// Orders that may rest at the same time, 1...2^31. Default 2^22.
  uint64_t order_capacity;
  /// Orders whose memory is there from the start, at most `order_capacity`. Default none.
  uint64_t resident_orders;
  /// Prices that may be present at the same time, over all books, 1...2^31. Default 2^20.
  uint64_t level_capacity;
  /// Pairs of an owner and an instrument that were ever used, 1...2^24. Default 2^18.
  uint64_t holding_capacity;
  /// The most events one command may give, 64...2^20. Default 4,096.
  uint64_t events_per_command;
  /// Events that may wait for `apus_engine_poll`, `events_per_command`...2^26; rounded up to a power of
  /// two. Default 4 × `events_per_command`.
  uint64_t event_capacity;
} apus_configuration;

/// The best price of one side of a book.
typedef struct apus_level {
  /// Unit: price units.
  uint32_t price;
  /// Orders at that price.
  uint32_t order_count;
  /// What they show. Unit: quantity units.
  uint64_t quantity;
} apus_level;

/// An engine with the queue of its events.
typedef struct apus_engine apus_engine;

/// Makes an engine without instruments and owners.
///
/// - configuration: limits; NULL for the defaults.
/// - error, error_size: where a text goes if it fails, cut to fit, with its NUL; NULL or 0 for none.
///
/// Returns NULL for a configuration out of its ranges, or when the memory could not be reserved.
apus_engine *apus_engine_create(
    const apus_configuration *configuration, char *error, size_t error_size);

/// Frees an engine and the events that wait in it. NULL is fine.
void apus_engine_destroy(apus_engine *engine);

/// Applies a command. Any bytes are a command: what is wrong with it is told by a `rejected` event.
///
/// - time_nanoseconds: when it was sequenced; never earlier than that of the command before. The
///   caller's clock; the engine has none.
///
/// Returns APUS_OK, APUS_NULL_ARGUMENT, APUS_QUEUE_FULL or APUS_TIME_BACKWARDS. Only a command that was
/// taken counts: the n-th has sequence n.
int apus_engine_submit(
    apus_engine *engine, const apus_command *command, uint64_t time_nanoseconds);

/// Takes the oldest events out, at most `max` of them.
///
/// - sequences: for each event the sequence of its command; may be NULL.
///
/// Returns how many there were: 0 when none wait, or `engine` or `events` is NULL.
size_t apus_engine_poll(
    apus_engine *engine, apus_event *events, uint64_t *sequences, size_t max);

/// The best displayed price of a side.
///
/// Returns APUS_OK, APUS_NULL_ARGUMENT, APUS_BAD_SIDE or APUS_EMPTY; `level` is written with APUS_OK
/// only.
int apus_engine_best(
    const apus_engine *engine, uint16_t instrument, uint8_t side, apus_level *level);

/// Sequence of the last command taken; 0 before the first, or for NULL.
uint64_t apus_engine_sequence(const apus_engine *engine);

/// A hash of everything that decides what later commands do: equal states, equal digests. Walks the
/// state. 0 for NULL.
uint64_t apus_engine_digest(const apus_engine *engine);

// A client of `apus serve matching`: commands go into a ring of its own, events come from the service's
// event log, which has those of all clients. Other clients see its events too.

/// The longest attachment of a command. Unit: bytes.
#define APUS_ATTACHMENT_MAX 1400

/// A client of a service on this machine.
typedef struct apus_client apus_client;

/// Connects to the service in a folder.
///
/// - folder: the service's data folder.
/// - cursor: a name of 1 to 32 bytes under which the service keeps events until this client has read them,
///   also while it is not there; the client resumes where it was. NULL: from the next event on.
/// - error, error_size: where a text goes if it fails, cut to fit, with its NUL; NULL or 0 for none.
///
/// Returns NULL where no service runs, all its rings have clients, or `folder` is NULL.
apus_client *apus_client_connect(
    const char *folder, const char *cursor, char *error, size_t error_size);

/// Gives the ring back. What was submitted is still done. NULL is fine.
void apus_client_close(apus_client *client);

/// Submits a command and up to APUS_ATTACHMENT_MAX bytes that are kept beside it. It was done once an
/// event of it is in the log.
///
/// Returns APUS_OK, APUS_NULL_ARGUMENT, APUS_RING_FULL, APUS_ATTACHMENT_TOO_LONG or APUS_DISCONNECTED.
int apus_client_submit(
    apus_client *client, const apus_command *command, const void *attachment,
    size_t attachment_size);

/// Reads the next events, at most `max` of them.
///
/// - sequences: for each event the sequence of its command; may be NULL.
/// - count: how many there were; 0 when there is no new one.
///
/// Returns APUS_OK, APUS_NULL_ARGUMENT, APUS_EVENTS_MISSED, APUS_EVENTS_CUT or APUS_LOG_UNREADABLE.
int apus_client_poll(
    apus_client *client, apus_event *events, uint64_t *sequences, size_t max, size_t *count);

/// Waits for an event, not longer than so many nanoseconds. Returns 1 if there is one, else 0.
int apus_client_wait(apus_client *client, uint64_t limit_nanoseconds);

/// Whether the service that has the client's ring lives: 1 or 0, also for NULL. Costs system calls; ask
/// when an event is overdue. A service that was killed says nothing, and the ring takes commands still.
int apus_client_is_connected(const apus_client *client);

/// Takes a ring of the service that runs in the folder now; the place in the events stays. Returns APUS_OK,
/// APUS_NULL_ARGUMENT, or APUS_DISCONNECTED with the reason in `error`: try again later.
int apus_client_reconnect(apus_client *client, char *error, size_t error_size);

/// Version of the library, as `APUS_VERSION`. Never freed.
const char *apus_version(void);

#ifdef __cplusplus
}
#endif

#undef APUS_ASSERT

#endif
