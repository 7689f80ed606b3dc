// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// The suites of queues, as every driver serves them: a driver names its queues and adds nothing.

#pragma once

#include "ring_driver.hpp"

namespace rings {

template <template <class> class Queue> Cases one_to_one(const peer::Options& options) {
    Cases cases(options, "rings.oneToOne");
    cases.transfers<Queue>("");
    cases.round_trip<Queue, Word>("", "8B");
    cases.round_trip<Queue, Line>("", "64B");
    return cases;
}

// `TwoEach` is the queue of the cases with two producers, where the library makes another one for them.
template <template <class> class Queue, template <class> class TwoEach = Queue>
Cases many_to_one(const peer::Options& options) {
    Cases cases(options, "rings.manyToOne");
    cases.transfers<Queue>("1to1.");
    cases.two_to_one<TwoEach>();
    cases.round_trip<Queue, Word>("1to1.", "8B");
    return cases;
}

template <template <class> class Queue, template <class> class TwoEach = Queue>
Cases many_to_many(const peer::Options& options) {
    Cases cases(options, "rings.manyToMany");
    cases.transfers<Queue>("1to1.");
    cases.two_to_two<TwoEach>();
    cases.round_trip<Queue, Word>("1to1.", "8B");
    return cases;
}

constexpr const char* all_suites = "rings.oneToOne rings.manyToOne rings.manyToMany";

// A complete driver for a library that has a queue for each suite.
template <template <class> class OneToOne, template <class> class ManyToOne, template <class> class ManyToMany>
int serve_all(int argc, char** argv) {
    const auto options = peer::parse(argc, argv, all_suites);
    return serve(options,
                 {one_to_one<OneToOne>(options), many_to_one<ManyToOne>(options), many_to_many<ManyToMany>(options)});
}

}  // namespace rings
