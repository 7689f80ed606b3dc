# SPDX-License-Identifier: Apache-2.0
# Copyright (c) 2026 the Apus authors

# Thin on purpose: what a target does is in scripts/ or in the package.

DEMO_MESSAGES ?= 5000000
DEMO := build/demo
APUS := .build/release/apus
PREFIX ?= /usr/local

.PHONY: demo test release bootstrap install uninstall check check-full bench bench-peers clean

demo: release
	@$(APUS) demo $(DEMO) --messages $(DEMO_MESSAGES)

test: bootstrap
	@scripts/test

release: bootstrap
	swift build -c release --product apus

bootstrap:
	@scripts/bootstrap

install: bootstrap
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install

uninstall:
	@PREFIX='$(PREFIX)' DESTDIR='$(DESTDIR)' scripts/install --remove

check: bootstrap
	@scripts/check

check-full: bootstrap
	@scripts/bootstrap --full
	@scripts/check_full

bench: release
	$(APUS) bench

bench-peers: release
	@scripts/bootstrap --full
	@scripts/bench_peers

clean:
	rm -rf .build build
