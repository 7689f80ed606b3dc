// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

extension SimulatedJournalStorage {
  /// Has the power fail at an operation to come, counted from 0: a write or a sync. From then on,
  /// until the end of the cut, nothing gets to the disk.
  public func cutPower(atOperation operation: Int) -> SimulatedPowerCut {
    SimulatedPowerCut(self, atOperation: operation)
  }
}

/// A power failure in the middle of what somebody writes: tests repeat it at each operation.
///
/// - Threading: one thread at a time, the storage's.
public final class SimulatedPowerCut {
  /// Whether it came to that operation.
  public private(set) var hasHappened = false
  /// What the power cut left: names change also where nothing can be written.
  private var left: SimulatedJournalStorage.Contents?
  private let storage: SimulatedJournalStorage

  fileprivate init(_ storage: SimulatedJournalStorage, atOperation operation: Int) {
    self.storage = storage
    let start = storage.writeCount + storage.syncCount
    // Kept alive by the storage until `end()`.
    storage.onOperation = { [self] index in
      guard !hasHappened, index - start == operation else { return }
      hasHappened = true
      storage.cutPower()
      left = storage.contents
      // Whoever was writing is gone with the power: nothing it still tries gets to the disk.
      storage.faults.writeError = 1
      storage.faults.syncError = 1
    }
  }

  /// The power is back, and the disk without faults.
  ///
  /// - Returns: ``hasHappened``.
  public func end() -> Bool {
    storage.onOperation = nil
    if let left {
      storage.killProcess()
      storage.contents = left
    }
    left = nil
    storage.faults = SimulatedDiskFaults()
    return hasHappened
  }
}
