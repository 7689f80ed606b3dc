#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright (c) 2026 the Apus authors
"""Prints how often as fast as each peer we are, from the JSON of `apus bench --peers --json`."""
import json
import sys


def objects(text):
    decoder = json.JSONDecoder()
    position = 0
    while position < len(text):
        while position < len(text) and text[position].isspace():
            position += 1
        if position == len(text):
            return
        value, position = decoder.raw_decode(text, position)
        yield value


def is_peer_of(name, ours):
    """`peer.<library>.<case>`; the library's name has no dot."""
    parts = name.split(".", 2)
    return parts[0] == "peer" and len(parts) == 3 and parts[2] == ours


def ratio(mine, result):
    """How often as fast we are: above 1 is better, whatever the unit."""
    if "/s" in mine["unit"]:
        return mine["median"] / result["median"] if result["median"] else None
    return result["median"] / mine["median"] if mine["median"] else None


def main():
    with open(sys.argv[1]) as file:
        suites = [suite for run in objects(file.read()) for suite in run["suites"]]
    wrong = []
    row = "  %-56s %10s %10s %10s %8s  %s"
    for suite in suites:
        results = suite["results"]
        print("\n" + suite["machine"])
        print(row % (suite["suite"], "median", "minimum", "maximum", "ratio", "result"))
        for mine in results:
            if mine["name"].startswith("peer."):
                continue
            peers = [r for r in results if is_peer_of(r["name"], mine["name"])]
            for result in [mine] + peers:
                value = ratio(mine, result) if result["samples"] and mine["samples"] else None
                print(row % (result["name"], "%.2f" % result["median"], "%.2f" % result["minimum"],
                             "%.2f" % result["maximum"], "-" if value is None else "%.2f x" % value,
                             result["resultHash"]))
                if result["resultHash"] != mine["resultHash"]:
                    wrong.append(result["name"])
            line = "  unit: %s; samples %s, discarded %s" % (
                mine["unit"], "/".join(str(r["samples"]) for r in [mine] + peers),
                "/".join(str(r["discarded"]) for r in [mine] + peers))
            probe = mine.get("cacheLineNanoseconds")
            if probe:
                line += "; bare cache line %.0f ns" % probe
                if mine["unit"] == "ns" and mine["samples"]:
                    line += ", of which ours is %.2f x" % (mine["median"] / probe)
            print(line)
    if wrong:
        sys.exit("different results, so the ratios mean nothing: " + ", ".join(wrong))


main()
