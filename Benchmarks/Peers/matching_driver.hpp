// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// What drivers of order books that match share: the cases of `matching`, over order logs (docs/formats/order-log.md).
//
// A driver's book is a class with `void limit(const Order&, Trades&)`, `void market(const Order&, Trades&)` and
// `void cancel(std::uint64_t)`. The commands are decoded into 24 bytes each before any time is taken. What must be equal is
// the number of trades, the quantity and the sum of price times quantity.

#pragma once

#include <memory>

#include "peer_driver.hpp"

namespace matching {

enum class Kind : std::uint8_t { limit, market, cancel };

struct Order {
    std::uint64_t id;
    std::uint32_t price;
    std::uint32_t quantity;
    Kind kind;
    bool is_buy;
};

// Where trades go.
struct Trades {
    std::uint64_t count = 0, quantity = 0, notional = 0;
    void take(std::uint64_t price, std::uint64_t traded) {
        count += 1;
        quantity += traded;
        notional += price * traded;
    }
    std::uint64_t hash() const {
        peer::Digest digest;
        digest.mix(count);
        digest.mix(quantity);
        digest.mix(notional);
        return digest.value;
    }
};

[[noreturn]] inline void refuse(const std::string& path, const char* why) {
    std::fprintf(stderr, "%s: %s\n", path.c_str(), why);
    std::exit(3);
}

template <class T> T field(const std::byte* record, std::size_t offset) {
    T value;
    std::memcpy(&value, record + offset, sizeof value);
    return value;
}

// The orders of a log; the commands that make instruments and owners are left out.
inline std::vector<Order> read(const std::string& path) {
    constexpr std::size_t header_bytes = 64, record_bytes = 72, command = 8;
    const std::vector<std::byte> bytes = peer::slurp(path);
    if (bytes.size() < header_bytes || std::memcmp(bytes.data(), "ApusOrds", 8) != 0) refuse(path, "no order log");
    if (field<std::uint32_t>(bytes.data(), 8) != 1) refuse(path, "another version of the order log");
    const auto count = field<std::uint64_t>(bytes.data(), 40);
    if ((bytes.size() - header_bytes) / record_bytes != count) refuse(path, "another number of records than it says");
    std::vector<Order> orders;
    orders.reserve(count);
    for (std::uint64_t index = 0; index < count; ++index) {
        const std::byte* record = bytes.data() + header_bytes + index * record_bytes + command;
        const auto kind = field<std::uint8_t>(record, 0), type = field<std::uint8_t>(record, 2);
        Order order{field<std::uint64_t>(record, 8), field<std::uint32_t>(record, 32), field<std::uint32_t>(record, 36),
                    Kind::limit, field<std::uint8_t>(record, 1) == 'B'};
        if (kind == 2) order.kind = Kind::cancel;
        else if (kind == 1 && type == 2) order.kind = Kind::market;
        else if (kind == 1 && type == 1) order.kind = Kind::limit;
        else if (kind == 7 || kind == 9 || kind == 10 || kind == 13) continue;
        else refuse(path, "a command that other libraries do not have");
        orders.push_back(order);
    }
    return orders;
}

template <class Book> void apply(Book& book, const Order& order, Trades& trades) {
    switch (order.kind) {
    case Kind::limit: book.limit(order, trades); break;
    case Kind::market: book.market(order, trades); break;
    case Kind::cancel: book.cancel(order.id); break;
    }
}

// Cases over `FOLDER/mixed` and `FOLDER/trades`: all orders, and percentiles of single ones.
template <class Book> int serve(int argc, char** argv) {
    const peer::Options options = peer::parse(argc, argv, "matching");
    peer::pin(options.cpu);
    std::vector<peer::Case> cases;
    // The next sample's book is made, and the last one's destroyed, outside the time.
    auto book = std::make_shared<std::unique_ptr<Book>>(std::make_unique<Book>());
    const auto renew = [book] {
        book->reset();
        *book = std::make_unique<Book>();
    };
    (void)peer::nanoseconds_per_cycle();
    for (const std::string stream : {"mixed", "trades"}) {
        auto orders = std::make_shared<const std::vector<Order>>(read(options.orders + "/" + stream));
        peer::Case all;
        all.name = "matching." + stream;
        all.operation_count = orders->size();
        all.body = [book, orders] {
            Trades trades;
            for (const Order& order : *orders) apply(**book, order, trades);
            return trades.hash();
        };
        all.clean = renew;
        cases.push_back(std::move(all));
        auto cycles = std::make_shared<std::vector<std::uint64_t>>(orders->size());
        peer::Case single;
        single.name = "matching.latency." + stream;
        single.operation_count = orders->size();
        single.sample = [book, orders, cycles] {
            Trades trades;
            peer::Sample sample;
            std::size_t index = 0;
            const std::uint64_t cpu_before = peer::nanoseconds(CLOCK_THREAD_CPUTIME_ID);
            const std::uint64_t before = peer::nanoseconds(CLOCK_MONOTONIC);
            for (const Order& order : *orders) {
                const std::uint64_t started = __rdtsc();
                apply(**book, order, trades);
                (*cycles)[index++] = __rdtsc() - started;
            }
            sample.nanoseconds = peer::nanoseconds(CLOCK_MONOTONIC) - before;
            sample.cpu_nanoseconds = peer::nanoseconds(CLOCK_THREAD_CPUTIME_ID) - cpu_before;
            sample.hash = trades.hash();
            sample.latencies = peer::percentiles(*cycles);
            return sample;
        };
        single.clean = renew;
        cases.push_back(std::move(single));
    }
    return peer::serve(cases, options.cpu);
}

}  // namespace matching
