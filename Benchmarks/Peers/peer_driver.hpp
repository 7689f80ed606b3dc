// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

// What every peer's driver shares: the line protocol by which `apus bench --peers` takes samples.
//
// `DRIVER --suites` prints the names of the suites it is for. `DRIVER --cpu N [--file FILE]` prints one line `case NAME OPERATIONS`
// for each thing it can measure and then `ready`. For each line `run NAME` it does all operations of
// one sample and prints `NANOSECONDS CPU-NANOSECONDS HASH`, and the percentiles 50, 99, 99.9 and 100 in nanoseconds where
// the case is about single operations. It ends with its standard input. Drivers of two threads get `--other-cpu M` and
// `--size full|smoke` as well, those of order books `--orders FOLDER`.

#pragma once

#include <sched.h>
#include <time.h>
#include <unistd.h>
#include <x86intrin.h>

#include <algorithm>
#include <cmath>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <functional>
#include <iostream>
#include <span>
#include <string>
#include <vector>

namespace peer {

inline std::uint64_t nanoseconds(clockid_t clock) {
    timespec now{};
    clock_gettime(clock, &now);
    return static_cast<std::uint64_t>(now.tv_sec) * 1'000'000'000U + static_cast<std::uint64_t>(now.tv_nsec);
}

// The time-stamp counter against the monotonic clock, measured once.
inline double nanoseconds_per_cycle() {
    static const double rate = [] {
        const std::uint64_t time = nanoseconds(CLOCK_MONOTONIC);
        const std::uint64_t cycles = __rdtsc();
        while (nanoseconds(CLOCK_MONOTONIC) - time < 20'000'000) {}
        const std::uint64_t end = nanoseconds(CLOCK_MONOTONIC);
        return static_cast<double>(end - time) / static_cast<double>(__rdtsc() - cycles);
    }();
    return rate;
}

inline std::vector<double> percentiles(std::vector<std::uint64_t> cycles) {
    std::sort(cycles.begin(), cycles.end());
    std::vector<double> values;
    for (const double share : {0.5, 0.99, 0.999, 1.0}) {
        const auto rank = static_cast<std::size_t>(std::ceil(static_cast<double>(cycles.size()) * share));
        values.push_back(static_cast<double>(cycles[std::max<std::size_t>(rank, 1) - 1]) * nanoseconds_per_cycle());
    }
    return values;
}

// What a sample gives where the case takes its time itself.
struct Sample {
    std::uint64_t nanoseconds = 0;
    // Of the thread that had its CPU least.
    std::uint64_t cpu_nanoseconds = 0;
    std::uint64_t hash = 0;
    std::vector<double> latencies;
};

struct Case {
    std::string name;
    std::uint64_t operation_count;
    // Does all operations and returns a hash of their result.
    std::function<std::uint64_t()> body;
    // Work after the time: destruction of what the body built.
    std::function<void()> clean = [] {};
    // In place of the body: does all operations and takes the time.
    std::function<Sample()> sample;
};

struct Options {
    int cpu = 0;
    int other_cpu = 0;
    std::string file;
    std::string orders;
    std::uint64_t count = 0;
    bool is_smoke = false;
};

inline Options parse(int argc, char** argv, const char* suites) {
    if (argc == 2 && std::strcmp(argv[1], "--suites") == 0) {
        std::printf("%s\n", suites);
        std::exit(0);
    }
    Options options;
    for (int i = 1; i + 1 < argc; i += 2) {
        const std::string flag = argv[i];
        if (flag == "--cpu") options.cpu = std::atoi(argv[i + 1]);
        else if (flag == "--other-cpu") options.other_cpu = std::atoi(argv[i + 1]);
        else if (flag == "--file") options.file = argv[i + 1];
        else if (flag == "--orders") options.orders = argv[i + 1];
        else if (flag == "--size") options.is_smoke = std::strcmp(argv[i + 1], "smoke") == 0;
        else if (flag == "--count") options.count = std::strtoull(argv[i + 1], nullptr, 10);
    }
    return options;
}

inline bool pin(int cpu) {
    cpu_set_t set;
    CPU_ZERO(&set);
    CPU_SET(cpu, &set);
    return sched_setaffinity(0, sizeof set, &set) == 0;
}

inline std::vector<std::byte> slurp(const std::string& path) {
    std::ifstream file(path, std::ios::binary | std::ios::ate);
    if (!file) {
        std::fprintf(stderr, "%s: cannot be read\n", path.c_str());
        std::exit(3);
    }
    std::vector<std::byte> bytes(static_cast<std::size_t>(file.tellg()));
    file.seekg(0);
    file.read(reinterpret_cast<char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
    return bytes;
}

// Threads that wait for each other must not hold the machine: a sample that does not end ends the process.
inline const char* watched_case = "";
constexpr unsigned limit_seconds = 30;

inline void give_up(int) {
    static const char text[] = ": did not end in time\n";
    (void)!write(2, watched_case, std::strlen(watched_case));
    (void)!write(2, text, sizeof text - 1);
    _exit(1);
}

inline int serve(const std::vector<Case>& cases, int cpu) {
    if (!pin(cpu)) {
        std::fprintf(stderr, "CPU %d is not available\n", cpu);
        return 2;
    }
    for (const Case& one : cases)
        std::printf("case %s %llu\n", one.name.c_str(), static_cast<unsigned long long>(one.operation_count));
    std::signal(SIGALRM, give_up);
    std::printf("ready\n");
    std::fflush(stdout);
    std::string line;
    while (std::getline(std::cin, line)) {
        bool found = false;
        for (const Case& one : cases) {
            if (line != "run " + one.name) continue;
            found = true;
            Sample sample;
            watched_case = one.name.c_str();
            alarm(limit_seconds);
            if (one.sample) {
                sample = one.sample();
            } else {
                const std::uint64_t cpu_before = nanoseconds(CLOCK_PROCESS_CPUTIME_ID);
                const std::uint64_t before = nanoseconds(CLOCK_MONOTONIC);
                sample.hash = one.body();
                sample.nanoseconds = nanoseconds(CLOCK_MONOTONIC) - before;
                sample.cpu_nanoseconds = nanoseconds(CLOCK_PROCESS_CPUTIME_ID) - cpu_before;
            }
            alarm(0);
            one.clean();
            std::printf("%llu %llu %016llx", static_cast<unsigned long long>(sample.nanoseconds),
                        static_cast<unsigned long long>(sample.cpu_nanoseconds),
                        static_cast<unsigned long long>(sample.hash));
            for (const double latency : sample.latencies) std::printf(" %.1f", latency);
            std::printf("\n");
            std::fflush(stdout);
        }
        if (!found) {
            std::fprintf(stderr, "%s: no such case\n", line.c_str());
            return 2;
        }
    }
    return 0;
}

inline std::uint64_t big_endian(const char* text, std::size_t count) {
    std::uint64_t value = 0;
    if (count == 8) {
        std::memcpy(&value, text, 8);
        return __builtin_bswap64(value);
    }
    std::uint32_t half = 0;
    std::memcpy(&half, text, 4);
    return __builtin_bswap32(half);
}

// The order-dependent hash of the decoding benchmarks: one sum of fields a message.
struct FieldHash {
    std::uint64_t value = 0;
    void take(std::uint64_t sum) { value = (value << 1 | value >> 63) ^ sum; }
};

struct Digest {
    std::uint64_t value = 0x9E3779B97F4A7C15U;
    void mix(std::uint64_t word) {
        value = (value ^ word) * 0xBF58476D1CE4E5B9U;
        value ^= value >> 29;
    }
};

// The hash of the book benchmarks: every book's best prices and quantities.
struct BookHash : Digest {
    void take(std::uint64_t locate, std::uint64_t bid_price, std::uint64_t bid_quantity,
              std::uint64_t ask_price, std::uint64_t ask_quantity) {
        if (bid_quantity == 0 && ask_quantity == 0) return;
        mix(locate);
        mix(bid_price);
        mix(bid_quantity);
        mix(ask_price);
        mix(ask_quantity);
    }
};

}  // namespace peer
