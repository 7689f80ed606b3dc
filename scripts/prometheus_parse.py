#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
# Copyright (c) 2026 the Apus authors
"""The other side of the Prometheus text test: PyPI's prometheus_client.

Reads exposition text from standard input and writes one JSON array to standard output:
[{"name", "type", "help", "samples": [{"name", "labels": {}, "value": text}]}].

Exit code 4 when the package is not installed.
"""
import json
import sys

try:
    from prometheus_client.parser import text_string_to_metric_families
except ImportError:
    sys.stderr.write("prometheus_client: not installed; run scripts/bootstrap\n")
    sys.exit(4)

families = text_string_to_metric_families(sys.stdin.buffer.read().decode("utf-8"))
json.dump(
    [
        {
            "name": family.name,
            "type": family.type,
            "help": family.documentation,
            "samples": [
                {"name": sample.name, "labels": sample.labels, "value": repr(sample.value)}
                for sample in family.samples
            ],
        }
        for family in families
    ],
    sys.stdout,
)
