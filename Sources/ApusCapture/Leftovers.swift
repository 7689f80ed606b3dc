// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import Synchronization

/// What this process has to remove if it is interrupted: files that are not finished.
///
/// A process that wants to leave nothing behind waits for signals on a thread of its own and calls
/// ``removeAll()`` before it ends; nothing here runs in a signal handler.
///
/// - Threading: any thread.
public enum Leftovers {
  private struct State {
    var isClosed = false
    var nextKey = 0
    var removals: [Int: @Sendable () -> Void] = [:]
  }

  private static let state = Mutex(State())

  /// Something to remove, until it is finished.
  public struct Key: Sendable {
    fileprivate var number: Int
  }

  /// Makes something that `removal` removes.
  ///
  /// - Parameters:
  ///   - removal: Removes it. Calls nothing of this type, and nothing that waits for long.
  ///   - make: Makes it, and says whether it is there. Not called once ``removeAll()`` was.
  /// - Returns: nil where it is not there.
  public static func make(
    removal: @escaping @Sendable () -> Void, _ make: () -> Bool
  ) -> Key? {
    state.withLock { state in
      guard !state.isClosed, make() else { return nil }
      state.nextKey += 1
      state.removals[state.nextKey] = removal
      return Key(number: state.nextKey)
    }
  }

  /// Finishes something: `finish` renames or removes it, and it is a leftover no more.
  ///
  /// After ``removeAll()`` the thing is gone, and `finish` finds that out.
  public static func finish<Result>(_ key: Key, _ finish: () -> Result) -> Result {
    state.withLock { state in
      state.removals[key.number] = nil
      return finish()
    }
  }

  /// Removes everything that is not finished, and lets nothing more be made.
  public static func removeAll() {
    state.withLock { state in
      state.isClosed = true
      for removal in state.removals.values { removal() }
      state.removals = [:]
    }
  }
}
