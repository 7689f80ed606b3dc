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


def main():
    with open(sys.argv[1]) as file:
        suites = list(objects(file.read()))
    if suites:
        print(suites[0]["machine"])
    wrong = []
    row = "  %-44s %10s %10s %10s %8s  %s"
    for suite in suites:
        results = suite["results"]
        ours = {r["name"]: r for r in results if not r["name"].startswith("peer.")}
        print("\n" + row % (suite["suite"], "median", "minimum", "maximum", "ratio", "result"))
        for name, mine in ours.items():
            peers = [r for r in results if r["name"].startswith("peer.") and r["name"].endswith("." + name)]
            if not peers:
                continue
            for result in [mine] + peers:
                ratio = result["median"] / mine["median"] if mine["median"] else 0
                if "/s" in mine["unit"]:
                    ratio = mine["median"] / result["median"] if result["median"] else 0
                print(row % (result["name"], "%.2f" % result["median"], "%.2f" % result["minimum"],
                             "%.2f" % result["maximum"], "%.2f x" % ratio, result["resultHash"]))
                if result["resultHash"] != mine["resultHash"]:
                    wrong.append(result["name"])
            print("  unit: %s; samples %s, discarded %s" % (
                mine["unit"], "/".join(str(r["samples"]) for r in [mine] + peers),
                "/".join(str(r["discarded"]) for r in [mine] + peers)))
    if wrong:
        sys.exit("different results, so the ratios mean nothing: " + ", ".join(wrong))


main()
