// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// What drivers of queues share: the same loops, sizes and hashes as Benchmarks/ApusBench/RingLoops.swift, between two
// threads of this process that are bound to two CPUs.
//
// An adapter is a class template over the element with `Producer producer()` and `Consumer consumer()`, which have
// `bool push(const T&)` and `bool pop(T&)`, and `std::size_t push(const T*, std::size_t)` and
// `std::size_t pop(T*, std::size_t)` where `has_batches` says so.

#pragma once

#include <pthread.h>
#include <x86intrin.h>

#include <algorithm>
#include <atomic>
#include <memory>

#include "peer_driver.hpp"

namespace rings {

using Word = std::uint64_t;

struct Line {
    Word words[8];
};

inline Word make(Word number, Word*) { return number; }
inline Line make(Word n, Line*) { return {{n, n + 1, n + 2, n + 3, n + 4, n + 5, n + 6, n + 7}}; }
template <class T> T element(std::uint64_t number) { return make(number, static_cast<T*>(nullptr)); }

inline std::uint64_t folded(Word element) { return element; }
inline std::uint64_t folded(const Line& l) {
    return ((l.words[0] + l.words[1]) + (l.words[2] + l.words[3])) +
           ((l.words[4] + l.words[5]) + (l.words[6] + l.words[7]));
}

struct ConsumedHash {
    std::uint64_t sum = 0;
    std::uint64_t sum_of_sums = 0;
    void take(std::uint64_t word) {
        sum += word;
        sum_of_sums += sum;
    }
    std::uint64_t ordered() const { return sum * 0x9E3779B97F4A7C15U ^ sum_of_sums; }
};

constexpr std::size_t capacity = 4096;
constexpr std::size_t round_trip_capacity = 64;
constexpr std::size_t batch_count = 64;
constexpr std::uint64_t warm_up_rounds = 1000;

using peer::nanoseconds_per_cycle;
using peer::percentiles;

// Two roles that begin together: the first on this thread, the second on one bound to another CPU before it starts.
class Team {
public:
    explicit Team(int other_cpu) : other_cpu_(other_cpu) {}

    peer::Sample run(const std::function<std::uint64_t()>& first, const std::function<std::uint64_t()>& second) const {
        Shared shared;
        shared.roles[1].body = &second;
        pthread_attr_t attributes;
        pthread_attr_init(&attributes);
        cpu_set_t set;
        CPU_ZERO(&set);
        CPU_SET(other_cpu_, &set);
        pthread_attr_setaffinity_np(&attributes, sizeof set, &set);
        pthread_t thread{};
        const int failure = pthread_create(
            &thread, &attributes,
            [](void* context) -> void* {
                auto* shared = static_cast<Shared*>(context);
                shared->measure(1);
                return nullptr;
            },
            &shared);
        pthread_attr_destroy(&attributes);
        if (failure != 0) {
            std::fprintf(stderr, "CPU %d is not available: %s\n", other_cpu_, std::strerror(failure));
            std::exit(2);
        }
        shared.roles[0].body = &first;
        shared.measure(0);
        pthread_join(thread, nullptr);
        return shared.total();
    }

private:
    struct alignas(128) Role {
        const std::function<std::uint64_t()>* body = nullptr;
        std::uint64_t started = 0, ended = 0, cpu = 0, hash = 0;
    };
    struct Shared {
        Role roles[2];
        alignas(128) std::atomic<int> arrived{0};

        void measure(int index) {
            Role& role = roles[index];
            arrived.fetch_add(1);
            while (arrived.load(std::memory_order_acquire) < 2) {}
            const std::uint64_t cpu_before = peer::nanoseconds(CLOCK_THREAD_CPUTIME_ID);
            const std::uint64_t started = peer::nanoseconds(CLOCK_MONOTONIC);
            const std::uint64_t hash = (*role.body)();
            const std::uint64_t ended = peer::nanoseconds(CLOCK_MONOTONIC);
            role.cpu = peer::nanoseconds(CLOCK_THREAD_CPUTIME_ID) - cpu_before;
            role.started = started;
            role.ended = ended;
            role.hash = hash;
        }

        peer::Sample total() const {
            peer::Sample sample;
            sample.nanoseconds = std::max(roles[0].ended, roles[1].ended) - std::min(roles[0].started, roles[1].started);
            double share = 1;
            for (const Role& role : roles) {
                const auto elapsed = static_cast<double>(role.ended - role.started);
                // Short runs are below the resolution of the thread's clock.
                if (elapsed > 2e5) share = std::min(share, static_cast<double>(role.cpu) / elapsed);
                sample.hash += role.hash;
            }
            sample.cpu_nanoseconds = static_cast<std::uint64_t>(share * static_cast<double>(sample.nanoseconds));
            return sample;
        }
    };
    int other_cpu_;
};

// A full queue is looked at again after a pause, as our rings do it themselves: without it the producer takes the
// consumer's line away again and again, which slows every library down.
inline void relax() { _mm_pause(); }

template <class T, class Producer> [[gnu::noinline]] std::uint64_t push(Producer producer, std::uint64_t count) {
    std::uint64_t number = 0;
    while (number < count) {
        if (producer.push(element<T>(number))) ++number;
        else relax();
    }
    return 0;
}

template <class T> void fill(T* batch, std::uint64_t number) {
    for (std::size_t i = 0; i < batch_count; ++i) batch[i] = element<T>(number + i);
}

template <class T, class Producer> [[gnu::noinline]] std::uint64_t push_batches(Producer producer, std::uint64_t count) {
    T batch[batch_count];
    for (std::uint64_t number = 0; number < count; number += batch_count) {
        fill(batch, number);
        std::size_t pushed = 0;
        while (pushed < batch_count) {
            const std::size_t some = producer.push(batch + pushed, batch_count - pushed);
            if (some == 0) relax();
            pushed += some;
        }
    }
    return 0;
}

template <class T, class Consumer> [[gnu::noinline]] ConsumedHash pop(Consumer consumer, std::uint64_t count) {
    ConsumedHash hash;
    T element;
    while (count > 0) {
        if (consumer.pop(element)) {
            hash.take(folded(element));
            --count;
        }
    }
    return hash;
}

template <class T, class Consumer> std::size_t pop_batch(Consumer& consumer, T* batch, ConsumedHash& hash) {
    const std::size_t count = consumer.pop(batch, batch_count);
    for (std::size_t i = 0; i < count; ++i) hash.take(folded(batch[i]));
    return count;
}

template <class T, class Consumer> [[gnu::noinline]] ConsumedHash pop_batches(Consumer consumer, std::uint64_t count) {
    ConsumedHash hash;
    T batch[batch_count];
    while (count > 0) count -= pop_batch(consumer, batch, hash);
    return hash;
}

template <class T, class Producer, class Consumer>
[[gnu::noinline]] ConsumedHash push_and_pop(Producer producer, std::uint64_t push_count, Consumer consumer,
                                            std::uint64_t pop_count) {
    ConsumedHash hash;
    const std::uint64_t pops_in_turn = pop_count / push_count;
    std::uint64_t number = 0;
    T popped;
    while (pop_count > 0 || number < push_count) {
        if (number < push_count) {
            if (producer.push(element<T>(number))) ++number;
            else relax();
        }
        for (std::uint64_t turn = 0; turn < pops_in_turn && pop_count > 0 && consumer.pop(popped); ++turn) {
            hash.take(folded(popped));
            --pop_count;
        }
    }
    return hash;
}

template <class T, class Producer, class Consumer>
[[gnu::noinline]] ConsumedHash push_and_pop_batches(Producer producer, std::uint64_t push_count, Consumer consumer,
                                                    std::uint64_t pop_count) {
    ConsumedHash hash;
    const std::uint64_t pops_in_turn = pop_count / push_count;
    std::uint64_t number = 0;
    std::size_t pushed = batch_count;
    T source[batch_count];
    T batch[batch_count];
    while (pop_count > 0 || number < push_count || pushed < batch_count) {
        if (pushed == batch_count && number < push_count) {
            fill(source, number);
            number += batch_count;
            pushed = 0;
        }
        if (pushed < batch_count) {
            const std::size_t some = producer.push(source + pushed, batch_count - pushed);
            if (some == 0) relax();
            pushed += some;
        }
        for (std::uint64_t turn = 0; turn < pops_in_turn && pop_count > 0; ++turn) {
            // What another consumer is due stays in the queue.
            if (pop_count >= batch_count) {
                pop_count -= pop_batch(consumer, batch, hash);
            } else {
                T one;
                if (consumer.pop(one)) {
                    hash.take(folded(one));
                    --pop_count;
                }
            }
        }
    }
    return hash;
}

template <class T, class Producer, class Consumer>
[[gnu::noinline]] std::uint64_t ping(Producer producer, Consumer consumer, std::vector<std::uint64_t>& cycles) {
    ConsumedHash hash;
    T popped;
    for (std::uint64_t round = 0; round < cycles.size() + warm_up_rounds; ++round) {
        const std::uint64_t started = __rdtsc();
        (void)producer.push(element<T>(round));
        while (!consumer.pop(popped)) {}
        const std::uint64_t elapsed = __rdtsc() - started;
        hash.take(folded(popped));
        if (round >= warm_up_rounds) cycles[round - warm_up_rounds] = elapsed;
    }
    return hash.ordered();
}

template <class T, class Producer, class Consumer>
[[gnu::noinline]] std::uint64_t pong(Consumer consumer, Producer producer, std::uint64_t rounds) {
    std::uint64_t left = rounds + warm_up_rounds;
    T popped;
    while (left > 0) {
        if (consumer.pop(popped)) {
            (void)producer.push(popped);
            --left;
        }
    }
    return 0;
}

// Makes the cases of a suite.
class Cases {
public:
    Cases(const peer::Options& options, std::string suite)
        : team_(options.other_cpu), is_smoke_(options.is_smoke), suite_(std::move(suite)) {}

    std::vector<peer::Case> all;

    // One thread pushes, another one pops.
    template <template <class> class Queue> void transfers(const std::string& layout) {
        transfer<Queue, Word>(layout, "8B", 1);
        transfer<Queue, Line>(layout, "64B", 2);
    }

    // Two producers, of which one is the consumer as well.
    template <template <class> class Queue> void two_to_one() {
        both<Queue, Word>("2to1.", "8B", 1, false);
        both<Queue, Line>("2to1.", "64B", 2, false);
    }

    // Both threads push and pop.
    template <template <class> class Queue> void two_to_two() {
        both<Queue, Word>("2to2.", "8B", 1, true);
        both<Queue, Line>("2to2.", "64B", 2, true);
    }

    template <template <class> class Queue, class T> void round_trip(const std::string& layout, const char* size) {
        const std::uint64_t count = is_smoke_ ? 50 : 5'000;
        auto there = std::make_shared<Queue<T>>(round_trip_capacity);
        auto back = std::make_shared<Queue<T>>(round_trip_capacity);
        auto cycles = std::make_shared<std::vector<std::uint64_t>>(count);
        add(suite_ + "." + layout + "roundTrip." + size, count, [=, team = team_] {
            peer::Sample sample = team.run(
                [&] { return ping<T>(there->producer(), back->consumer(), *cycles); },
                [&] { return pong<T>(there->consumer(), back->producer(), count); });
            sample.latencies = percentiles(*cycles);
            return sample;
        });
    }

private:
    std::uint64_t count(std::uint64_t cost, bool is_batch) const {
        return (is_smoke_ ? 2'048U : is_batch ? 512'000U : 128'000U) / cost;
    }

    void add(std::string name, std::uint64_t count, std::function<peer::Sample()> sample) {
        peer::Case one;
        one.name = std::move(name);
        one.operation_count = count;
        one.sample = std::move(sample);
        all.push_back(std::move(one));
    }

    template <template <class> class Queue, class T>
    void transfer(const std::string& layout, const std::string& size, std::uint64_t cost) {
        // The queue stays for all samples, so that its memory was touched before.
        auto queue = std::make_shared<Queue<T>>(capacity);
        const std::uint64_t single = count(cost, false);
        add(suite_ + "." + layout + "single." + size, single, [=, team = team_] {
            return team.run([&] { return push<T>(queue->producer(), single); },
                            [&] { return pop<T>(queue->consumer(), single).ordered(); });
        });
        if constexpr (Queue<T>::has_batches) {
            const std::uint64_t batched = count(cost, true);
            add(suite_ + "." + layout + "batch64." + size, batched, [=, team = team_] {
                return team.run([&] { return push_batches<T>(queue->producer(), batched); },
                                [&] { return pop_batches<T>(queue->consumer(), batched).ordered(); });
            });
        }
    }

    template <template <class> class Queue, class T>
    void both(const std::string& layout, const std::string& size, std::uint64_t cost, bool is_symmetric) {
        auto queue = std::make_shared<Queue<T>>(capacity);
        const std::uint64_t single = count(cost, false) / 2;
        add(suite_ + "." + layout + "single." + size, 2 * single, [=, team = team_] {
            const auto role = [&](std::uint64_t pops) {
                return push_and_pop<T>(queue->producer(), single, queue->consumer(), pops).sum;
            };
            return is_symmetric
                       ? team.run([&] { return role(single); }, [&] { return role(single); })
                       : team.run([&] { return push<T>(queue->producer(), single); }, [&] { return role(2 * single); });
        });
        if constexpr (Queue<T>::has_batches) {
            const std::uint64_t batched = count(cost, true) / 2;
            add(suite_ + "." + layout + "batch64." + size, 2 * batched, [=, team = team_] {
                const auto role = [&](std::uint64_t pops) {
                    return push_and_pop_batches<T>(queue->producer(), batched, queue->consumer(), pops).sum;
                };
                return is_symmetric ? team.run([&] { return role(batched); }, [&] { return role(batched); })
                                    : team.run([&] { return push_batches<T>(queue->producer(), batched); },
                                               [&] { return role(2 * batched); });
            });
        }
    }

    Team team_;
    bool is_smoke_;
    std::string suite_;
};

// Adds the cases of all suites and serves them.
inline int serve(const peer::Options& options, std::initializer_list<Cases> suites) {
    std::vector<peer::Case> all;
    for (const Cases& suite : suites) all.insert(all.end(), suite.all.begin(), suite.all.end());
    (void)nanoseconds_per_cycle();
    return peer::serve(all, options.cpu);
}

}  // namespace rings
