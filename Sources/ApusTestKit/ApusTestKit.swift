// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

/// What it takes to test an engine: see docs/testing-an-engine.md.
///
/// Goals: a run that found a fault repeats from its seed; what is simulated fails as the real one does;
/// nothing here needs a test library, so that a fuzzer or a long campaign may link it.
///
/// Non-goals: expectations and test discovery, which the test library of the caller has.
///
/// - ``SeededRandom``, ``ScratchFolder``, ``ModelComparison`` and ``CommandShrinker``, which depend on
///   nothing, are in `ApusTestBasics` and come with this module.
/// - ``EngineSimulation`` runs an engine behind its host and journal on a disk that fails, and
///   ``EngineRun`` with nothing around it.
/// - ``SimulatedJournalStorage`` is that disk, and ``SimulatedClock`` the time.
/// - ``SimulatedNetwork`` connects loops of `ApusIO`, loses, cuts and resets what they send.
///
/// Threading: everything here is for one thread at a time.
@_exported public import ApusEngine
@_exported public import ApusIO
@_exported public import ApusJournal
@_exported public import ApusTestBasics
