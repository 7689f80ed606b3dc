// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// ConcurrencyKit's ck_ring with elements in the ring itself (CK_RING_PROTOTYPE), in the mode of each suite. It has no
// batches, and a ring of n slots holds n - 1 elements.

#include "ck_ring_elements.h"
#include "ring_suites.hpp"

namespace {

enum class Mode { one_to_one, many_to_one, many_to_many };

template <Mode mode, class T> bool enqueue(ck_ring* ring, T* slots, const T& element) {
    if constexpr (sizeof(T) == 8) {
        if constexpr (mode == Mode::one_to_one) return ring_enqueue_spsc_8(ring, slots, &element);
        else if constexpr (mode == Mode::many_to_one) return ring_enqueue_mpsc_8(ring, slots, &element);
        else return ring_enqueue_mpmc_8(ring, slots, &element);
    } else {
        if constexpr (mode == Mode::one_to_one) return ring_enqueue_spsc_64(ring, slots, &element);
        else if constexpr (mode == Mode::many_to_one) return ring_enqueue_mpsc_64(ring, slots, &element);
        else return ring_enqueue_mpmc_64(ring, slots, &element);
    }
}

template <Mode mode, class T> bool dequeue(ck_ring* ring, T* slots, T& element) {
    if constexpr (sizeof(T) == 8) {
        if constexpr (mode == Mode::one_to_one) return ring_dequeue_spsc_8(ring, slots, &element);
        else if constexpr (mode == Mode::many_to_one) return ring_dequeue_mpsc_8(ring, slots, &element);
        else return ring_dequeue_mpmc_8(ring, slots, &element);
    } else {
        if constexpr (mode == Mode::one_to_one) return ring_dequeue_spsc_64(ring, slots, &element);
        else if constexpr (mode == Mode::many_to_one) return ring_dequeue_mpsc_64(ring, slots, &element);
        else return ring_dequeue_mpmc_64(ring, slots, &element);
    }
}

template <class T, Mode mode> struct Ring {
    static constexpr bool has_batches = false;
    explicit Ring(std::size_t size) : ring(ring_create(static_cast<unsigned>(size))), slots(size) {
        if (ring == nullptr) {
            std::fprintf(stderr, "ck_ring: out of memory\n");
            std::exit(3);
        }
    }
    ck_ring* ring;
    std::vector<T> slots;

    struct End {
        ck_ring* ring;
        T* slots;
        bool push(const T& element) { return enqueue<mode>(ring, slots, element); }
        bool pop(T& element) { return dequeue<mode>(ring, slots, element); }
    };
    End producer() { return {ring, slots.data()}; }
    End consumer() { return {ring, slots.data()}; }
};

template <class T> using OneToOne = Ring<T, Mode::one_to_one>;
template <class T> using ManyToOne = Ring<T, Mode::many_to_one>;
template <class T> using ManyToMany = Ring<T, Mode::many_to_many>;

}  // namespace

int main(int argc, char** argv) { return rings::serve_all<OneToOne, ManyToOne, ManyToMany>(argc, argv); }
