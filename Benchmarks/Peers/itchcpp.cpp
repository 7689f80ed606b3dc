// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// itchcpp (PyPI, MIT): the headers and the static library that its wheel installs.

#include <itch/book/book_manager.hpp>
#include <itch/parser.hpp>

#include <memory>
#include <type_traits>
#include <variant>

#include "peer_driver.hpp"

namespace {

template <typename M>
std::uint64_t word(const M& m) { return std::uint64_t{m.stock_locate} + m.tracking_number + m.timestamp; }
std::uint64_t byte(char text) { return static_cast<unsigned char>(text); }
std::uint64_t text(const char* stock) { return peer::big_endian(stock, 8); }

struct Fields {
    peer::FieldHash hash;

    template <typename M>
    void operator()(const M& m) {
        using T = std::decay_t<M>;
        if constexpr (std::is_same_v<T, itch::AddOrderMessage>)
            hash.take(word(m) + m.order_reference_number + byte(m.buy_sell_indicator) + m.shares + text(m.stock) +
                      m.price);
        else if constexpr (std::is_same_v<T, itch::AddOrderMPIDAttributionMessage>)
            hash.take(word(m) + m.order_reference_number + byte(m.buy_sell_indicator) + m.shares + text(m.stock) +
                      m.price + peer::big_endian(m.attribution, 4));
        else if constexpr (std::is_same_v<T, itch::OrderExecutedMessage>)
            hash.take(word(m) + m.order_reference_number + m.executed_shares + m.match_number);
        else if constexpr (std::is_same_v<T, itch::OrderExecutedWithPriceMessage>)
            hash.take(word(m) + m.order_reference_number + m.executed_shares + m.match_number +
                      (m.printable == 'Y' ? 1 : 0) + m.execution_price);
        else if constexpr (std::is_same_v<T, itch::OrderCancelMessage>)
            hash.take(word(m) + m.order_reference_number + m.cancelled_shares);
        else if constexpr (std::is_same_v<T, itch::OrderDeleteMessage>)
            hash.take(word(m) + m.order_reference_number);
        else if constexpr (std::is_same_v<T, itch::OrderReplaceMessage>)
            hash.take(word(m) + m.original_order_reference_number + m.new_order_reference_number + m.shares +
                      m.price);
        else if constexpr (std::is_same_v<T, itch::NonCrossTradeMessage>)
            hash.take(word(m) + m.order_reference_number + byte(m.buy_sell_indicator) + m.shares + text(m.stock) +
                      m.price + m.match_number);
        else if constexpr (std::is_same_v<T, itch::NOIIMessage>)
            hash.take(word(m) + m.paired_shares + m.imbalance_shares + byte(m.imbalance_direction) + text(m.stock) +
                      m.far_price + m.near_price + m.current_reference_price + byte(m.cross_type) +
                      byte(m.price_variation_indicator));
    }
};

}  // namespace

int main(int argc, char** argv) {
    const peer::Options options = peer::parse(argc, argv, "itch.decode book.itch");
    peer::pin(options.cpu);
    const std::vector<std::byte> data = peer::slurp(options.file);
    const std::span<const std::byte> span(data);
    std::uint64_t count = 0;
    itch::Parser().parse(span, [&](const itch::Message&) { ++count; });
    std::unique_ptr<itch::book::BookManager> books;
    return peer::serve(
        {
            {"itch.decode.fields", count,
             [&] {
                 Fields fields;
                 itch::Parser().parse(span, [&](const itch::Message& message) { std::visit(fields, message); });
                 return fields.hash.value;
             }},
            {"book.itch.fullDepth", count,
             [&] {
                 books = std::make_unique<itch::book::BookManager>();
                 itch::Parser().parse(span, [&](const itch::Message& message) { books->process(message); });
                 peer::BookHash hash;
                 for (std::uint32_t locate = 0; locate < 65536; ++locate) {
                     const itch::book::L3Book* book = books->book(static_cast<std::uint16_t>(locate));
                     if (book == nullptr) continue;
                     const itch::book::Bbo best = book->bbo();
                     hash.take(locate, best.has_bid ? static_cast<std::uint32_t>(best.bid_price.raw()) : 0,
                               best.has_bid ? best.bid_shares : 0,
                               best.has_ask ? static_cast<std::uint32_t>(best.ask_price.raw()) : 0,
                               best.has_ask ? best.ask_shares : 0);
                 }
                 return hash.value;
             },
             [&] { books.reset(); }},
        },
        options.cpu);
}
