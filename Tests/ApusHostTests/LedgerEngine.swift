// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

import ApusEngine

/// What a ledger is asked to do: 24 bytes without padding. Any bits are a command.
struct LedgerCommand: BitwiseCopyable, Equatable {
  enum Kind: UInt32 {
    case open = 1
    case deposit = 2
    case transfer = 3
    case close = 4
  }

  var kind: UInt32
  var account: UInt32
  var counterparty: UInt32 = 0
  var tag: UInt32 = 0
  var amount: UInt64 = 0

  static func open(_ account: UInt32) -> LedgerCommand {
    LedgerCommand(kind: Kind.open.rawValue, account: account)
  }
  static func deposit(_ amount: UInt64, to account: UInt32) -> LedgerCommand {
    LedgerCommand(kind: Kind.deposit.rawValue, account: account, amount: amount)
  }
  static func transfer(_ amount: UInt64, from: UInt32, to: UInt32) -> LedgerCommand {
    LedgerCommand(
      kind: Kind.transfer.rawValue, account: from, counterparty: to, amount: amount)
  }
  static func close(_ account: UInt32) -> LedgerCommand {
    LedgerCommand(kind: Kind.close.rawValue, account: account)
  }

  /// Mostly sensible, sometimes nonsense.
  static func random(
    _ random: inout some RandomNumberGenerator, accountCount: UInt32
  ) -> LedgerCommand {
    func account() -> UInt32 { .random(in: 0..<accountCount, using: &random) }
    switch UInt32.random(in: 0..<20, using: &random) {
    case 0..<3: return .open(account())
    case 3..<8: return .deposit(.random(in: 0...1_000, using: &random), to: account())
    case 8..<18:
      return .transfer(.random(in: 0...500, using: &random), from: account(), to: account())
    case 18: return .close(account())
    default:
      return LedgerCommand(
        kind: .random(in: 0...9, using: &random),
        account: .random(in: 0...UInt32.max, using: &random),
        counterparty: account(), tag: .random(in: 0...9, using: &random),
        amount: .random(in: 0...UInt64.max, using: &random))
    }
  }
}

/// What happened to one account, or why nothing did.
struct LedgerEvent: BitwiseCopyable, Equatable {
  enum Outcome: UInt32 {
    case done = 0
    case unknownCommand, noSuchAccount, accountExists, insufficient, overflow, notEmpty, sameAccount
    case tooSoon
  }

  var outcome: UInt32
  var account: UInt32
  var balance: UInt64

  init(_ outcome: Outcome, _ account: UInt32, balance: UInt64 = 0) {
    self.outcome = outcome.rawValue
    self.account = account
    self.balance = balance
  }
}

/// Accounts, deposits and transfers: money is only ever deposited or moved, so that the balances
/// always add up to what was deposited and not paid out.
///
/// An account may send once in so many nanoseconds, so that the state depends on time as well. What is
/// attached to a command is a memo, and the ledger keeps a hash of all memos.
///
/// It is not the `SumEngine` of `ApusTestKit`: it has all that an engine may have (memory of its own, so that
/// it cannot be copied, several events, refusals, attachments), for the tests of the host that carries them.
@safe
struct LedgerEngine: Engine, ~Copyable {
  struct Configuration {
    var accountCapacity: Int = 64
    var sendIntervalNanoseconds: UInt64 = 50
  }

  struct Account: BitwiseCopyable {
    var balance: UInt64 = 0
    var lastSend: UInt64 = 0
    var openedBy: UInt64 = 0
  }

  static let snapshotFormat = SnapshotFormat(name: "ledger", version: 2)
  static let attachmentByteCountMax = 1_400
  let eventCountMax = 2
  let configuration: Configuration
  private let accounts: UnsafeMutableBufferPointer<Account>
  private(set) var deposited: UInt64 = 0
  private(set) var refusedCount: UInt64 = 0
  private(set) var memoHash: UInt64 = 0

  init(configuration: Configuration = .init()) {
    self.configuration = configuration
    unsafe accounts = .allocate(capacity: configuration.accountCapacity)
    unsafe accounts.initialize(repeating: Account())
  }

  deinit { unsafe accounts.deallocate() }

  mutating func apply(
    _ command: LedgerCommand, attachment: RawSpan, at time: Nanoseconds, sequence: UInt64,
    into events: inout EventSink<LedgerEvent>
  ) {
    keep(attachment)
    let first = command.account
    let outcome: LedgerEvent.Outcome
    switch LedgerCommand.Kind(rawValue: command.kind) {
    case .open: outcome = open(first, sequence)
    case .deposit: outcome = deposit(command.amount, first)
    case .transfer:
      outcome = transfer(command.amount, first, command.counterparty, time.rawValue)
      if outcome == .done {
        events.emit(
          LedgerEvent(.done, command.counterparty, balance: balance(command.counterparty)))
      }
    case .close: outcome = close(first)
    case nil: outcome = .unknownCommand
    }
    if outcome != .done { refusedCount &+= 1 }
    events.emit(LedgerEvent(outcome, first, balance: isOpen(first) ? balance(first) : 0))
  }

  private mutating func keep(_ memo: RawSpan) {
    guard memo.byteCount > 0 else { return }
    var hash = StateDigest()
    hash.mix(memoHash)
    hash.mix(UInt64(memo.byteCount))
    for offset in 0..<memo.byteCount {
      // SAFETY: the offset is below the count.
      hash.mix(UInt64(unsafe memo.unsafeLoad(fromByteOffset: offset, as: UInt8.self)))
    }
    memoHash = hash.value
  }

  private func isOpen(_ account: UInt32) -> Bool {
    // SAFETY: the index is checked first.
    unsafe Int(account) < accounts.count && accounts[Int(account)].openedBy != 0
  }

  func balance(_ account: UInt32) -> UInt64 { unsafe accounts[Int(account)].balance }

  private mutating func open(_ account: UInt32, _ sequence: UInt64) -> LedgerEvent.Outcome {
    guard unsafe Int(account) < accounts.count else { return .noSuchAccount }
    guard !isOpen(account) else { return .accountExists }
    unsafe accounts[Int(account)] = Account(balance: 0, lastSend: 0, openedBy: sequence)
    return .done
  }

  private mutating func deposit(_ amount: UInt64, _ account: UInt32) -> LedgerEvent.Outcome {
    guard isOpen(account) else { return .noSuchAccount }
    let total = deposited.addingReportingOverflow(amount)
    guard !total.overflow else { return .overflow }
    deposited = total.partialValue
    unsafe accounts[Int(account)].balance += amount
    return .done
  }

  private mutating func transfer(
    _ amount: UInt64, _ source: UInt32, _ target: UInt32, _ time: UInt64
  ) -> LedgerEvent.Outcome {
    guard isOpen(source), isOpen(target) else { return .noSuchAccount }
    guard source != target else { return .sameAccount }
    guard unsafe accounts[Int(source)].balance >= amount else { return .insufficient }
    let last = unsafe accounts[Int(source)].lastSend
    guard last == 0 || time - min(time, last) >= configuration.sendIntervalNanoseconds else {
      return .tooSoon
    }
    unsafe accounts[Int(source)].balance -= amount
    unsafe accounts[Int(source)].lastSend = time
    unsafe accounts[Int(target)].balance += amount
    return .done
  }

  private mutating func close(_ account: UInt32) -> LedgerEvent.Outcome {
    guard isOpen(account) else { return .noSuchAccount }
    guard balance(account) == 0 else { return .notEmpty }
    unsafe accounts[Int(account)] = Account()
    return .done
  }

  /// Whether no money came from nowhere and none went there.
  var isConserved: Bool { unsafe accounts.reduce(0) { $0 + $1.balance } == deposited }

  var digest: UInt64 {
    var hash = StateDigest()
    hash.mix(deposited)
    hash.mix(refusedCount)
    hash.mix(memoHash)
    for index in 0..<configuration.accountCapacity {
      let account = unsafe accounts[index]
      hash.mix(account.balance)
      hash.mix(account.lastSend)
      hash.mix(account.openedBy)
    }
    return hash.value
  }

  func writeSnapshot(to writer: inout SnapshotWriter) throws(SnapshotError) {
    try writer.write(deposited)
    try writer.write(refusedCount)
    try writer.write(memoHash)
    try writer.write(UInt32(configuration.accountCapacity))
    for index in 0..<configuration.accountCapacity {
      let account = unsafe accounts[index]
      try writer.write(account.balance)
      try writer.write(account.lastSend)
      try writer.write(account.openedBy)
    }
  }

  init(
    configuration: Configuration, snapshot: inout SnapshotReader
  ) throws(SnapshotError) {
    self.init(configuration: configuration)
    deposited = try snapshot.read(field: "deposited")
    refusedCount = try snapshot.read(field: "refused count")
    memoHash = try snapshot.read(field: "memo hash")
    let expected = UInt32(configuration.accountCapacity)
    _ = try snapshot.read(expected...expected, field: "account count")
    for index in 0..<configuration.accountCapacity {
      let account = Account(
        balance: try snapshot.read(field: "balance"),
        lastSend: try snapshot.read(field: "last send"),
        openedBy: try snapshot.read(field: "opened by"))
      unsafe accounts[index] = account
    }
  }
}

/// A command as it was applied.
struct AppliedCommand {
  var command: LedgerCommand
  var memo: [UInt8] = []
  var time: UInt64
  var sequence: UInt64
}

/// What a ledger is after these commands, applied one by one with no host around it.
func reference(
  _ commands: some Sequence<AppliedCommand>, _ events: inout [SequencedEvent<LedgerEvent>]
) throws -> (digest: UInt64, isConserved: Bool) {
  var engine = LedgerEngine()
  var queue = try EventQueue<LedgerEvent>(capacity: 4)
  for one in commands {
    queue.withSink(sequence: one.sequence, countMax: engine.eventCountMax) {
      unsafe engine.apply(
        one.command, attachment: one.memo.span.bytes, at: Nanoseconds(one.time),
        sequence: one.sequence, into: &$0)
    }
    queue.removeAll { events.append($0) }
  }
  return (engine.digest, engine.isConserved)
}
