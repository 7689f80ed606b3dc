// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// moodycamel ReaderWriterQueue (one to one, no batches), and its blocking form for `wakeup`.

#include <readerwriterqueue/readerwriterqueue.h>

#include "ring_suites.hpp"
#include "wakeup_driver.hpp"

namespace {

template <class T> struct OneToOne {
    static constexpr bool has_batches = false;
    explicit OneToOne(std::size_t size) : queue(size) {}
    moodycamel::ReaderWriterQueue<T> queue;

    struct End {
        moodycamel::ReaderWriterQueue<T>& queue;
        bool push(const T& element) { return queue.try_enqueue(element); }
        bool pop(T& element) { return queue.try_dequeue(element); }
    };
    End producer() { return {queue}; }
    End consumer() { return {queue}; }
};

struct Blocking {
    moodycamel::BlockingReaderWriterQueue<std::uint64_t> queue{64};
    void push(std::uint64_t value) { queue.try_enqueue(value); }
    std::uint64_t pop() {
        std::uint64_t value = 0;
        queue.wait_dequeue(value);
        return value;
    }
};

}  // namespace

int main(int argc, char** argv) {
    const auto options = peer::parse(argc, argv, "rings.oneToOne wakeup");
    return rings::serve(options, {rings::one_to_one<OneToOne>(options), rings::wakeup<Blocking>(options)});
}
