// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// Boost.Lockfree: spsc_queue, and queue (many to many, no batches).

#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>

#include "ring_driver.hpp"

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

int main(int argc, char** argv) {
    const auto options = peer::parse(argc, argv, "rings.oneToOne rings.manyToOne rings.manyToMany");
    rings::Cases one_to_one(options, "rings.oneToOne");
    one_to_one.transfers<OneToOne>("");
    one_to_one.round_trip<OneToOne, rings::Word>("", "8B");
    one_to_one.round_trip<OneToOne, rings::Line>("", "64B");
    rings::Cases many_to_one(options, "rings.manyToOne");
    many_to_one.transfers<ManyToMany>("1to1.");
    many_to_one.two_to_one<ManyToMany>();
    many_to_one.round_trip<ManyToMany, rings::Word>("1to1.", "8B");
    rings::Cases many_to_many(options, "rings.manyToMany");
    many_to_many.transfers<ManyToMany>("1to1.");
    many_to_many.two_to_two<ManyToMany>();
    many_to_many.round_trip<ManyToMany, rings::Word>("1to1.", "8B");
    return rings::serve(options, {one_to_one, many_to_one, many_to_many});
}
