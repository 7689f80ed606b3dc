// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// itch-book (PyPI, MIT): its C++ headers, driven as its own benchmarks drive them.

#include <itch/book_manager.hpp>
#include <itch/messages.hpp>
#include <itch/parser.hpp>

#include <memory>

#include "peer_driver.hpp"

namespace {

std::uint64_t word(const itch::Header& h) { return std::uint64_t{h.locate} + h.tracking + h.timestamp; }
std::uint64_t raw(itch::Price price) { return static_cast<std::uint32_t>(price.raw()); }
std::uint64_t side(itch::Side side) { return static_cast<unsigned char>(side); }
std::uint64_t byte(char text) { return static_cast<unsigned char>(text); }
template <std::size_t N>
std::uint64_t text(const itch::wire::Alpha<N>& alpha) { return peer::big_endian(alpha.raw.data(), N); }

struct Fields {
    peer::FieldHash hash;

    void on_add(const itch::AddOrder& m) {
        hash.take(word(m.hdr) + m.ref + side(m.side) + m.shares + text(m.stock) + raw(m.price) +
                  (m.attributed ? text(m.mpid) : 0));
    }
    void on_execute(const itch::OrderExecuted& m) { hash.take(word(m.hdr) + m.ref + m.shares + m.match); }
    void on_execute_price(const itch::OrderExecutedPrice& m) {
        hash.take(word(m.hdr) + m.ref + m.shares + m.match + (m.printable ? 1 : 0) + raw(m.price));
    }
    void on_cancel(const itch::OrderCancel& m) { hash.take(word(m.hdr) + m.ref + m.shares); }
    void on_delete(const itch::OrderDelete& m) { hash.take(word(m.hdr) + m.ref); }
    void on_replace(const itch::OrderReplace& m) {
        hash.take(word(m.hdr) + m.old_ref + m.new_ref + m.shares + raw(m.price));
    }
    void on_trade(const itch::Trade& m) {
        hash.take(word(m.hdr) + m.ref + side(m.side) + m.shares + text(m.stock) + raw(m.price) + m.match);
    }
    void on_noii(const itch::Noii& m) {
        hash.take(word(m.hdr) + m.paired + m.imbalance + byte(m.direction) + text(m.stock) + raw(m.far_price) +
                  raw(m.near_price) + raw(m.reference_price) + byte(m.cross_type) + byte(m.variation));
    }
};

}  // namespace

int main(int argc, char** argv) {
    const peer::Options options = peer::parse(argc, argv, "itch.decode book.itch");
    peer::pin(options.cpu);
    const std::vector<std::byte> data = peer::slurp(options.file);
    const itch::ParseResult counted = itch::scan(data);
    const std::uint64_t count = counted.messages + counted.unknown + counted.malformed;
    std::unique_ptr<itch::BookManager<>> books;
    return peer::serve(
        {
            {"itch.decode.fields", count,
             [&] {
                 Fields fields;
                 itch::parse(data, fields);
                 return fields.hash.value;
             }},
            {"book.itch.fullDepth", count,
             [&] {
                 books = std::make_unique<itch::BookManager<>>();
                 itch::parse(data, *books);
                 peer::BookHash hash;
                 for (std::size_t locate = 0; locate < books->book_count(); ++locate) {
                     const itch::Bbo best = books->bbo(static_cast<std::uint16_t>(locate));
                     hash.take(locate, best.has_bid ? raw(best.bid.price) : 0, best.has_bid ? best.bid.shares : 0,
                               best.has_ask ? raw(best.ask.price) : 0, best.has_ask ? best.ask.shares : 0);
                 }
                 return hash.value;
             },
             [&] { books.reset(); }},
        },
        options.cpu);
}
