// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// Boost.Lockfree: spsc_queue, and queue (many to many, no batches).

#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>

#include "ring_suites.hpp"

namespace {

template <class T> struct OneToOne {
    static constexpr bool has_batches = true;
    explicit OneToOne(std::size_t size) : queue(size) {}
    boost::lockfree::spsc_queue<T> queue;

    struct End {
        boost::lockfree::spsc_queue<T>& queue;
        bool push(const T& element) { return queue.push(element); }
        bool pop(T& element) { return queue.pop(element); }
        std::size_t push(const T* elements, std::size_t count) { return queue.push(elements, count); }
        std::size_t pop(T* elements, std::size_t count) { return queue.pop(elements, count); }
    };
    End producer() { return {queue}; }
    End consumer() { return {queue}; }
};

template <class T> struct ManyToMany {
    static constexpr bool has_batches = false;
    using Queue = boost::lockfree::queue<T, boost::lockfree::fixed_sized<true>>;
    explicit ManyToMany(std::size_t size) : queue(size) {}
    Queue queue;

    struct End {
        Queue& queue;
        bool push(const T& element) { return queue.push(element); }
        bool pop(T& element) { return queue.pop(element); }
    };
    End producer() { return {queue}; }
    End consumer() { return {queue}; }
};

}  // namespace

int main(int argc, char** argv) { return rings::serve_all<OneToOne, ManyToMany, ManyToMany>(argc, argv); }
