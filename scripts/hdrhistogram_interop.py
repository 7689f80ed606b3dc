#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright (c) 2026 the Apus authors
"""The other side of the histogram interoperation tests: PyPI's hdrhistogram.

Reads one JSON object from standard input and writes one to standard output.

  check   {"cases": [{"lowest", "highest", "digits", "values": [[value, count]...], "ours": base64}...],
           "logCaseCount": how many of them to write to a log, "log": text}
          -> {"cases": [{"read": figures of `ours` as this package reads it,
                         "written": base64 of the same values as this package writes it,
                         "figures": figures of what it wrote}...],
              "intervals": [figures of each interval of `log`], "log": a log it wrote}
  golden  {"cases": as above without "ours"} -> {"cases": [{"written", "figures"}...]}

Exit code 4 when the package is not installed, 5 when it is too old: before 0.10.8 its iterators
leave out the largest recorded value.
"""
import importlib.metadata
import io
import json
import os
import sys
import tempfile

try:
    from hdrh.histogram import HdrHistogram
    from hdrh.log import HistogramLogReader, HistogramLogWriter
except ImportError:
    sys.stderr.write("hdrhistogram: not installed; run scripts/bootstrap\n")
    sys.exit(4)

VERSION = importlib.metadata.version("hdrhistogram")
if tuple(int(part) for part in VERSION.split(".")[:3] if part.isdigit()) < (0, 10, 8):
    sys.stderr.write("hdrhistogram %s: 0.10.8 or newer is needed; run scripts/bootstrap\n" % VERSION)
    sys.exit(5)

PERCENTILES = [0, 25, 50, 90, 99, 99.9, 99.99, 100]


def figures(histogram):
    # One pass over the counts for all percentiles; an empty histogram gives none.
    values = histogram.get_percentile_to_value_dict(PERCENTILES)
    recorded = []
    if histogram.get_total_count():
        recorded = [
            [histogram.get_lowest_equivalent_value(item.value_iterated_to),
             item.count_at_value_iterated_to]
            for item in histogram.get_recorded_iterator()
        ]
    return {
        "lowest": histogram.lowest_trackable_value,
        "highest": histogram.highest_trackable_value,
        "digits": histogram.significant_figures,
        "bucketCount": histogram.bucket_count,
        "subBucketCount": histogram.sub_bucket_count,
        "slotCount": histogram.counts_len,
        "totalCount": histogram.get_total_count(),
        "minimum": histogram.get_min_value(),
        "maximum": histogram.get_max_value(),
        "mean": histogram.get_mean_value(),
        "standardDeviation": histogram.get_stddev(),
        "percentiles": [[str(p), values.get(p, 0)] for p in PERCENTILES],
        "recorded": recorded,
    }


def filled(case):
    histogram = HdrHistogram(case["lowest"], case["highest"], case["digits"])
    for value, count in case["values"]:
        if not histogram.record_value(value, count):
            raise SystemExit("value %d: refused by hdrhistogram" % value)
    return histogram


def written(case):
    histogram = filled(case)
    return {"written": histogram.encode().decode("ascii"), "figures": figures(histogram)}


def checked(case):
    result = written(case)
    result["read"] = figures(HdrHistogram.decode(case["ours"]))
    return result


def read_log(text):
    with tempfile.NamedTemporaryFile("w", suffix=".hlog", delete=False) as file:
        file.write(text)
    try:
        reader = HistogramLogReader(file.name, HdrHistogram(1, 1 << 40, 3))
        intervals = []
        while True:
            histogram = reader.get_next_interval_histogram()
            if histogram is None:
                break
            interval = figures(histogram)
            interval["tag"] = histogram.get_tag()
            interval["startMilliseconds"] = histogram.get_start_time_stamp()
            interval["endMilliseconds"] = histogram.get_end_time_stamp()
            intervals.append(interval)
        reader.close()
        return intervals
    finally:
        os.unlink(file.name)


def write_log(cases):
    text = io.StringIO()
    writer = HistogramLogWriter(text)
    writer.output_log_format_version()
    writer.output_base_time(1_772_357_400_000)
    writer.output_legend()
    for index, case in enumerate(cases):
        histogram = filled(case)
        writer.output_interval_histogram(histogram, index + 0.5, index + 1.5)
    return text.getvalue()


def main():
    mode = sys.argv[1] if len(sys.argv) > 1 else ""
    if mode not in ("check", "golden"):
        sys.stderr.write("usage: hdrhistogram_interop.py check|golden < request.json\n")
        sys.exit(2)
    request = json.load(sys.stdin)
    if mode == "golden":
        json.dump({"cases": [written(case) for case in request["cases"]]}, sys.stdout)
        return
    json.dump({
        "cases": [checked(case) for case in request["cases"]],
        "intervals": read_log(request["log"]),
        "log": write_log(request["cases"][:request["logCaseCount"]]),
    }, sys.stdout)


if __name__ == "__main__":
    main()
