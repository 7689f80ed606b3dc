// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// DPDK's rte_ring with elements in the ring itself, in the mode of each suite. It needs neither the environment layer nor
// huge pages when it is given its memory; that is ordinary memory here, as for all.

#include <rte_ring.h>
#include <rte_ring_elem.h>

#include "ring_suites.hpp"

namespace {

enum class Mode { one_to_one, many_to_one, many_to_many };

template <class T, Mode mode> struct Ring {
    static constexpr bool has_batches = true;
    static constexpr unsigned size_of = sizeof(T);

    explicit Ring(std::size_t size) {
        // One more than the elements, rounded up: so that all of `size` fit.
        const auto count = static_cast<unsigned>(size);
        const ssize_t bytes = rte_ring_get_memsize_elem(size_of, 2 * count);
        void* memory = std::aligned_alloc(128, (static_cast<std::size_t>(bytes) + 127) & ~std::size_t{127});
        ring = static_cast<rte_ring*>(memory);
        unsigned flags = RING_F_EXACT_SZ;
        if (mode == Mode::one_to_one) flags |= RING_F_SP_ENQ;
        if (mode != Mode::many_to_many) flags |= RING_F_SC_DEQ;
        if (bytes < 0 || memory == nullptr || rte_ring_init(ring, "bench", count, flags) != 0) {
            std::fprintf(stderr, "rte_ring_init failed\n");
            std::exit(3);
        }
    }
    ~Ring() { std::free(ring); }
    Ring(const Ring&) = delete;
    Ring& operator=(const Ring&) = delete;
    rte_ring* ring;

    struct End {
        rte_ring* ring;
        bool push(const T& element) {
            if constexpr (mode == Mode::one_to_one) return rte_ring_sp_enqueue_elem(ring, const_cast<T*>(&element), size_of) == 0;
            else return rte_ring_mp_enqueue_elem(ring, const_cast<T*>(&element), size_of) == 0;
        }
        bool pop(T& element) {
            if constexpr (mode != Mode::many_to_many) return rte_ring_sc_dequeue_elem(ring, &element, size_of) == 0;
            else return rte_ring_mc_dequeue_elem(ring, &element, size_of) == 0;
        }
        std::size_t push(const T* elements, std::size_t count) {
            const auto wanted = static_cast<unsigned>(count);
            if constexpr (mode == Mode::one_to_one) return rte_ring_sp_enqueue_burst_elem(ring, elements, size_of, wanted, nullptr);
            else return rte_ring_mp_enqueue_burst_elem(ring, elements, size_of, wanted, nullptr);
        }
        std::size_t pop(T* elements, std::size_t count) {
            const auto wanted = static_cast<unsigned>(count);
            if constexpr (mode != Mode::many_to_many) return rte_ring_sc_dequeue_burst_elem(ring, elements, size_of, wanted, nullptr);
            else return rte_ring_mc_dequeue_burst_elem(ring, elements, size_of, wanted, nullptr);
        }
    };
    End producer() { return {ring}; }
    End consumer() { return {ring}; }
};

template <class T> using OneToOne = Ring<T, Mode::one_to_one>;
template <class T> using ManyToOne = Ring<T, Mode::many_to_one>;
template <class T> using ManyToMany = Ring<T, Mode::many_to_many>;

}  // namespace

int main(int argc, char** argv) { return rings::serve_all<OneToOne, ManyToOne, ManyToMany>(argc, argv); }
