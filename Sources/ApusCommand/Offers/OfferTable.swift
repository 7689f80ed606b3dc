// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusCommandKit

/// What a list of systems offers, checked once: by this the commands find what is asked for.
struct OfferTable {
  /// Something that a system offers.
  struct Entry<Offer> {
    var system: String
    var offer: Offer
  }

  let systems: [SystemOffer]

  /// - Precondition: What the systems offer has names of its own, and options of one name are taken apart
  ///   alike.
  init(_ systems: [SystemOffer]) {
    self.systems = systems
    Self.expectOnce(systems.map(\.name), "system")
    for path in [\SystemOffer.generators, \.services, \.recorders] {
      Self.expectOnce(named(path).map(\.offer.name), "offer")
    }
    let formats = systems.flatMap { system in
      // Two ways of one system may take the same form.
      Set(system.replays.flatMap { $0.formats.map(\.name) })
    }
    Self.expectOnce(formats, "format")
    Self.expectOnce(systems.flatMap { $0.suites.map(\.name) }, "suite")
  }

  private static func expectOnce(_ names: [String], _ what: String) {
    var seen: Set<String> = []
    for name in names {
      precondition(
        seen.insert(name).inserted, "SystemOffer: expected one \(what) \(name), there are two")
    }
  }

  /// What is offered under one command, in the order of the systems.
  func named(_ path: KeyPath<SystemOffer, [CommandOffer]>) -> [Entry<CommandOffer>] {
    systems.flatMap { system in
      system[keyPath: path].map { Entry(system: system.name, offer: $0) }
    }
  }

  var replays: [Entry<ReplayOffer>] {
    systems.flatMap { system in system.replays.map { Entry(system: system.name, offer: $0) } }
  }

  /// Options of all that is offered under one command, each once.
  static func merged(_ options: [Option]) -> [Option] {
    var merged: [Option] = []
    for option in options {
      guard let known = merged.first(where: { $0.name == option.name }) else {
        merged.append(option)
        continue
      }
      precondition(
        known.hasFormOf(option),
        "SystemOffer: expected --\(option.name) to be taken apart alike by all that offer it")
    }
    return merged
  }

  /// Refuses what the chosen work does not take, though other work does.
  static func refuse(
    _ options: ParsedOptions, outside taken: [Option], of all: [Option], _ work: String
  ) throws(UsageError) {
    let known = Set(taken.map(\.name))
    guard let other = options.given(all).first(where: { !known.contains($0.name) }) else { return }
    throw UsageError("--\(other.name): not an option of \(work)")
  }

  /// `a`, `a or b`, `a, b or c`.
  static func choice(_ words: [String], _ conjunction: String = "or") -> String {
    guard let last = words.last, words.count > 1 else { return words.first ?? "" }
    return words.dropLast().joined(separator: ", ") + " \(conjunction) \(last)"
  }
}
