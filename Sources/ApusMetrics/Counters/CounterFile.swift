// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import CApusCounters
internal import Synchronization

/// Counters, gauges and histograms in a mapped file that other processes read without disturbing
/// the writer: `apus top`, a Prometheus exporter, a post-mortem.
///
/// Goals: updates as cheap as a store; values that outlive the process; readers that never take a
/// value of one counter for another's.
///
/// Non-goals: several writers of one counter (give each its own, distinguished by a label); totals
/// that outlive a restart.
///
/// ```swift
/// let file = try CounterFile(
///   path: "/dev/shm/apus.counters",
///   configuration: .init(slotCapacity: 256, histogramByteCapacity: 4 << 20))
/// var orders = try file.counter("orders_total", help: "Orders taken.", labels: [.init("venue", "XNAS")])
/// orders.increment()
/// ```
///
/// Put it on a memory file system (`/dev/shm`): on a disk the kernel protects a page while it writes
/// it back, and the next store to it waits.
///
/// - Threading: registration and release from any thread, under a lock; each handle on one thread.
public final class CounterFile: Sendable {
  /// Sizes of a counter file, and who may read it.
  public struct Configuration: Sendable, Equatable {
    /// Counters, gauges and histograms at a time. Shape: 1...65,536. Each takes 1,152 bytes.
    public var slotCapacity: Int
    /// Room for counts of histograms, rounded up to a page. Shape: 0...2^30. Unit: bytes.
    ///
    /// One hour in nanoseconds at three digits takes 270,464, at two 38,016.
    public var histogramByteCapacity: Int
    /// Whether other users may read the file (mode 0644 in place of 0600), for an exporter that runs as
    /// another one.
    public var isReadableByOthers: Bool

    /// Sizes, and who may read.
    public init(
      slotCapacity: Int, histogramByteCapacity: Int, isReadableByOthers: Bool = false
    ) {
      self.slotCapacity = slotCapacity
      self.histogramByteCapacity = histogramByteCapacity
      self.isReadableByOthers = isReadableByOthers
    }
  }

  /// Name of the file.
  public var path: String { mapping.path }
  let mapping: CounterMapping
  let registry: Mutex<CounterRegistry>

  /// Makes a file; it appears under its name when it is complete. One that is there is replaced if
  /// its writer has ended.
  ///
  /// - Throws: ``CounterFileError``: for a capacity out of range, a file that is no counter file or
  ///   whose writer lives, and what the system refuses.
  public init(path: String, configuration: Configuration) throws(CounterFileError) {
    for (name, value, range) in [
      ("slotCapacity", configuration.slotCapacity, CounterFileLayout.slotCapacityRange),
      (
        "histogramByteCapacity", configuration.histogramByteCapacity,
        CounterFileLayout.histogramByteCapacityRange
      ),
    ] where !range.contains(value) {
      throw CounterFileError(
        path: path, reason: .capacityOutOfRange(name: name, value: value, range: range))
    }
    try Self.checkReplaceable(path)
    let layout = CounterFileLayout(
      slotCapacity: configuration.slotCapacity,
      histogramByteCapacity: configuration.histogramByteCapacity)
    mapping = try CounterMapping(
      path: path, layout: layout, mode: configuration.isReadableByOthers ? 0o644 : 0o600)
    registry = Mutex(CounterRegistry(layout: layout))
  }

  /// Slots in use.
  public var slotCount: Int { registry.withLock { $0.liveCount } }

  /// Registers a counter, which starts at 0.
  ///
  /// - Parameters:
  ///   - name: Shape: `[a-zA-Z_:][a-zA-Z0-9_:]*`, at most 128 bytes; by convention it ends in
  ///     `_total`.
  ///   - help: One line for people; at most 256 bytes.
  ///   - labels: Tell counters of one name apart; at most 512 bytes with 4 for each.
  /// - Throws: ``CounterFileError`` for a name, label or help out of shape, for a duplicate and when
  ///   every slot is taken.
  public func counter(
    _ name: String, help: String = "", labels: [CounterLabel] = []
  ) throws(CounterFileError) -> Counter {
    let (slot, _) = try register(.counter, name, help, labels, nil)
    return Counter(mapping: mapping, slot: slot)
  }

  /// Registers a gauge, which starts at 0.
  ///
  /// - Throws: As ``counter(_:help:labels:)``.
  public func gauge(
    _ name: String, help: String = "", labels: [CounterLabel] = []
  ) throws(CounterFileError) -> Gauge {
    let (slot, _) = try register(.gauge, name, help, labels, nil)
    return Gauge(mapping: mapping, slot: slot)
  }

  /// Registers a histogram, which starts empty.
  ///
  /// - Parameter layout: Range and digits. A name that ends in `_nanoseconds` is shown as a time.
  /// - Throws: As ``counter(_:help:labels:)``, and when there is no room for its counts.
  public func histogram(
    _ name: String, help: String = "", labels: [CounterLabel] = [], layout: HistogramLayout
  ) throws(CounterFileError) -> SharedHistogram {
    let (slot, offset) = try register(.histogram, name, help, labels, layout)
    return SharedHistogram(mapping: mapping, slot: slot, layout: layout, offset: offset)
  }

  /// Takes a counter out of the file; its slot is used again.
  public func release(_ counter: consuming Counter) {
    release(counter.slot, of: counter.mapping)
  }

  /// Takes a gauge out of the file; its slot is used again.
  public func release(_ gauge: consuming Gauge) { release(gauge.slot, of: gauge.mapping) }

  /// Takes a histogram out of the file; its slot and its room are used again.
  public func release(_ histogram: consuming SharedHistogram) {
    release(histogram.slot, of: histogram.mapping)
  }

  /// Removes the file from its folder; handles and open readers keep working. Without this it
  /// stays when its writer ends, with the last values.
  public func removeFile() { mapping.removeFile() }

  private func release(_ slot: CounterSlot, of owner: CounterMapping) {
    precondition(
      owner === mapping, "CounterFile.release: expected a handle that this file has registered")
    registry.withLock { registry in
      mapping.storeState(registry.release(slot), slot: slot.index)
    }
  }

  private func register(
    _ kind: CounterKind, _ name: String, _ help: String, _ labels: [CounterLabel],
    _ histogram: HistogramLayout?
  ) throws(CounterFileError) -> (CounterSlot, histogramOffset: Int) {
    let identity = CounterIdentity(name: name, labels: labels)
    let mapping = mapping
    do throws(CounterRegistry.Refusal) {
      return try registry.withLock {
        (registry) throws(CounterRegistry.Refusal) -> (CounterSlot, Int) in
        let entry = try registry.register(identity, kind, help: help, histogram: histogram)
        let valueOffset = mapping.layout.valueOffset(entry.slot.index)
        // The value's and the histogram's old contents belong to the slot's last owner.
        mapping.publish(
          entry.record, slot: entry.slot.index,
          zeroing: entry.extent ?? (valueOffset..<valueOffset + 8))
        mapping.storeUsedSlotCount(registry.usedCount)
        return (entry.slot, entry.extent?.lowerBound ?? 0)
      }
    } catch {
      throw CounterFileError(path: path, reason: error.reason)
    }
  }

  /// Refuses to replace what is not a counter file, or one that somebody writes to.
  private static func checkReplaceable(_ path: String) throws(CounterFileError) {
    do throws(CounterFileError) {
      let reader = try CounterReader(path: path)
      switch reader.writerState() {
      case .alive, .unknown:
        throw CounterFileError(
          path: path, reason: .inUse(processID: reader.writerProcessID))
      case .closed, .dead: return
      }
    } catch {
      if case .system(_, errno: 2) = error.reason { return }
      throw error
    }
  }
}
