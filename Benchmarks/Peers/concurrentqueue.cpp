// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// moodycamel ConcurrentQueue with producer and consumer tokens, which its author recommends for speed, all blocks
// allocated before; and its blocking form for `wakeup`.

#include <concurrentqueue/blockingconcurrentqueue.h>
#include <concurrentqueue/concurrentqueue.h>

#include "ring_suites.hpp"
#include "wakeup_driver.hpp"

namespace {

template <class T, unsigned end_count> struct Queue {
    static constexpr bool has_batches = true;
    using Inner = moodycamel::ConcurrentQueue<T>;
    // Room for producers of `size` elements each. Blocks stay with the producer that took them, so that each takes its
    // own now: the first one to run would else leave none for the other.
    explicit Queue(std::size_t size) : queue(size, end_count, 0) {
        for (auto& token : producer_tokens) token = std::make_unique<moodycamel::ProducerToken>(queue);
        for (auto& token : consumer_tokens) token = std::make_unique<moodycamel::ConsumerToken>(queue);
        T element{};
        for (auto& token : producer_tokens) {
            for (std::size_t i = 0; i < size; ++i) queue.try_enqueue(*token, element);
            while (queue.try_dequeue(element)) {}
        }
    }
    Inner queue;
    std::unique_ptr<moodycamel::ProducerToken> producer_tokens[end_count];
    std::unique_ptr<moodycamel::ConsumerToken> consumer_tokens[end_count];
    std::atomic<unsigned> producers{0}, consumers{0};

    struct Producer {
        Inner& queue;
        moodycamel::ProducerToken& token;
        bool push(const T& element) { return queue.try_enqueue(token, element); }
        std::size_t push(const T* elements, std::size_t count) {
            return queue.try_enqueue_bulk(token, elements, count) ? count : 0;
        }
    };
    struct Consumer {
        Inner& queue;
        moodycamel::ConsumerToken& token;
        bool pop(T& element) { return queue.try_dequeue(token, element); }
        std::size_t pop(T* elements, std::size_t count) { return queue.try_dequeue_bulk(token, elements, count); }
    };
    // The threads of a sample get one token each.
    Producer producer() { return {queue, *producer_tokens[producers++ % end_count]}; }
    Consumer consumer() { return {queue, *consumer_tokens[consumers++ % end_count]}; }
};

// A producer that is registered and idle would cost the consumer a look.
template <class T> using OneEach = Queue<T, 1>;
template <class T> using TwoEach = Queue<T, 2>;

struct Blocking {
    moodycamel::BlockingConcurrentQueue<std::uint64_t> queue{64};
    void push(std::uint64_t value) { queue.enqueue(value); }
    std::uint64_t pop() {
        std::uint64_t value = 0;
        queue.wait_dequeue(value);
        return value;
    }
};

}  // namespace

int main(int argc, char** argv) {
    const auto options = peer::parse(argc, argv, (std::string(rings::all_suites) + " wakeup").c_str());
    return rings::serve(options, {rings::one_to_one<OneEach>(options), rings::many_to_one<OneEach, TwoEach>(options),
                                  rings::many_to_many<OneEach, TwoEach>(options), rings::wakeup<Blocking>(options)});
}
