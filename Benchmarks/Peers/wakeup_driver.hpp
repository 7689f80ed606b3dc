// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// The cases of `wakeup`: from a push until the consumer that slept runs, and what the push costs.

#pragma once

#include "ring_driver.hpp"

namespace rings {

constexpr std::uint64_t pause_nanoseconds = 100'000;

template <class Queue> void add_wakeup(Cases& cases, const peer::Options& options, const char* name, bool is_producers_cost) {
    const std::uint64_t rounds = options.is_smoke ? 20 : 200;
    auto queue = std::make_shared<Queue>();
    auto cycles = std::make_shared<std::vector<std::uint64_t>>(rounds);
    peer::Case one;
    one.name = name;
    one.operation_count = rounds;
    one.sample = [=, team = Team(options.other_cpu)] {
        std::atomic<std::uint64_t> arrived{0};
        const auto push = [&]() -> std::uint64_t {
            const auto pause = static_cast<std::uint64_t>(pause_nanoseconds / nanoseconds_per_cycle());
            for (std::uint64_t round = 0; round < rounds; ++round) {
                const std::uint64_t paused = __rdtsc();
                while (__rdtsc() - paused < pause) {}
                const std::uint64_t started = __rdtsc();
                queue->push(started);
                const std::uint64_t elapsed = __rdtsc() - started;
                if (is_producers_cost) (*cycles)[round] = elapsed;
                while (arrived.load(std::memory_order_acquire) <= round) {}
            }
            return 0;
        };
        const auto pop = [&]() -> std::uint64_t {
            for (std::uint64_t round = 0; round < rounds; ++round) {
                const std::uint64_t pushed = queue->pop();
                // The producer's thread read the beginning: not before the element is here.
                _mm_lfence();
                const std::uint64_t elapsed = __rdtsc() - pushed;
                if (!is_producers_cost) (*cycles)[round] = elapsed;
                arrived.store(round + 1, std::memory_order_release);
            }
            return rounds;
        };
        peer::Sample sample = team.run(push, pop);
        sample.latencies = percentiles(*cycles);
        return sample;
    };
    cases.all.push_back(std::move(one));
}

template <class Queue> Cases wakeup(const peer::Options& options) {
    Cases cases(options, "wakeup");
    add_wakeup<Queue>(cases, options, "wakeup.parkedConsumer", false);
    add_wakeup<Queue>(cases, options, "wakeup.producersCost", true);
    return cases;
}

}  // namespace rings
