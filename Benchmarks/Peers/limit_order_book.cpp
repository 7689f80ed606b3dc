// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// limit-order-book (PyPI, MIT): its C++ headers. Its `LimitOrderBook` does not report what traded; what it is made of, a price
// tree for each side and a map of orders, does. So they are put together here as they are there, less the map's look-ups
// that it repeats, with a callback that adds up.

#include <limit_order_book.hpp>

#include "matching_driver.hpp"

namespace {

class Book {
public:
    ~Book() {
        sells_.clear();
        buys_.clear();
    }

    void limit(const matching::Order& order, matching::Trades& trades) {
        if (order.is_buy) enter<LOB::Side::Buy>(buys_, sells_, order, trades);
        else enter<LOB::Side::Sell>(sells_, buys_, order, trades);
    }

    void market(const matching::Order& order, matching::Trades& trades) {
        LOB::Order incoming{order.id, order.is_buy ? LOB::Side::Buy : LOB::Side::Sell, order.quantity, 0};
        if (order.is_buy) match(sells_, incoming, trades);
        else match(buys_, incoming, trades);
    }

    void cancel(std::uint64_t id) {
        const auto found = orders_.find(id);
        if (found == orders_.end()) return;
        if (found->second.side == LOB::Side::Sell) sells_.cancel(&found->second);
        else buys_.cancel(&found->second);
        orders_.erase(found);
    }

private:
    template <LOB::Side side, class Own, class Opposite>
    void enter(Own& own, Opposite& opposite, const matching::Order& order, matching::Trades& trades) {
        const auto entry = orders_
                               .emplace(std::piecewise_construct, std::forward_as_tuple(order.id),
                                        std::forward_as_tuple(order.id, side, order.quantity, order.price))
                               .first;
        const bool crosses = opposite.best != nullptr && (side == LOB::Side::Buy ? order.price >= opposite.best->key
                                                                                 : order.price <= opposite.best->key);
        if (crosses) {
            match(opposite, entry->second, trades);
            if (entry->second.quantity == 0) {
                orders_.erase(entry);
                return;
            }
        }
        own.limit(&entry->second);
    }

    template <class Opposite> void match(Opposite& opposite, LOB::Order& incoming, matching::Trades& trades) {
        LOB::Quantity left = incoming.quantity;
        opposite.market(&incoming, [&](LOB::UID id) {
            const auto filled = orders_.find(id);
            trades.take(filled->second.price, filled->second.quantity);
            left -= filled->second.quantity;
            orders_.erase(filled);
        });
        // The last resting order may have been filled in part; it is still the best one.
        if (left > incoming.quantity) trades.take(opposite.best->key, left - incoming.quantity);
    }

    LOB::LimitTree<LOB::Side::Sell> sells_;
    LOB::LimitTree<LOB::Side::Buy> buys_;
    LOB::UIDOrderMap orders_;
};

}  // namespace

int main(int argc, char** argv) { return matching::serve<Book>(argc, argv); }
