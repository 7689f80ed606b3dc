// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// The part of the fixed-decimal library that itch-book's headers use, which the package index does
// not have: an integer with a type. It compiles to the integer itself, so it costs the peer nothing.

#pragma once

namespace fixed_decimal {

struct PriceTag {};

template <int Digits, typename Tag, typename Integer>
class Fixed {
  public:
    constexpr Fixed() = default;
    static constexpr Fixed from_raw(Integer raw) {
        Fixed value;
        value.raw_ = raw;
        return value;
    }
    constexpr Integer raw() const { return raw_; }

  private:
    Integer raw_ = 0;
};

}  // namespace fixed_decimal
