// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// orderly-chaos (PyPI, MIT): its C++ header, the fastest of its three interfaces, with its trade handler.

#include <orderly_chaos/orderly_chaos.hpp>

#include "matching_driver.hpp"

namespace {

namespace oc = orderly_chaos;

class Book {
public:
    Book() {
        book_.set_trade_handler([this](const oc::Trade& trade) { trades_->take(trade.price, trade.quantity); });
    }

    void limit(const matching::Order& order, matching::Trades& trades) {
        trades_ = &trades;
        book_.limit(order.is_buy ? oc::Side::Buy : oc::Side::Sell, order.id, order.quantity, order.price);
    }
    void market(const matching::Order& order, matching::Trades& trades) {
        trades_ = &trades;
        book_.market(order.is_buy ? oc::Side::Buy : oc::Side::Sell, order.id, order.quantity);
    }
    void cancel(std::uint64_t id) { book_.cancel(id); }

private:
    oc::LimitOrderBook book_;
    matching::Trades* trades_ = nullptr;
};

}  // namespace

int main(int argc, char** argv) { return matching::serve<Book>(argc, argv); }
