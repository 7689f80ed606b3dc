// SPDX-License-Identifier: Apache-2.0
// Copyright (c) 2026 the Apus authors

internal import ApusEngine
internal import ApusMarketProtocols

extension MatchingEngine {
  /// Ends the link of an order to which something has happened, and cancels the other. Section 8.1.
  mutating func resolveLink(of slot: UInt32, _ events: inout MatchingSink) {
    guard orders[slot].tag.hasExtra else { return }
    let extra = details[slot].extra
    let other = extras[extra].linked
    guard other != OrderExtra.none else { return }
    extras[extra].linked = OrderExtra.none
    extras[details[other].extra].linked = OrderExtra.none
    if other == incomingSlot || !isOut(other) { remove(other, .linked, &events) }
  }

  /// The same for the incoming order, which is in no set.
  @inline(__always)
  mutating func resolveLink(ofIncoming slot: UInt32, _ events: inout MatchingSink) {
    if orders[slot].tag.hasExtra { resolveLink(of: slot, &events) }
  }

  /// Lets the links of an order that is out act, and gives its slot back.
  ///
  /// Where its other is the incoming order, that one ends first: what is to be done with the children
  /// waits until it has.
  @inline(__always)
  mutating func resolveAndFree(_ slot: UInt32, _ events: inout MatchingSink) {
    if orders[slot].tag.hasExtra {
      resolveLink(of: slot, &events)
      if isIncomingLinkedAway, extras[details[slot].extra].firstChild != OrderExtra.none {
        waitingParent = slot
        return
      }
      resolveChildren(of: slot, &events)
    }
    free(slot)
  }

  /// After the incoming order has ended: the children of the other one, which ended it.
  @inline(never)
  mutating func resolveWaitingParent(_ events: inout MatchingSink) {
    let slot = waitingParent
    waitingParent = .max
    resolveChildren(of: slot, &events)
    free(slot)
  }

  // MARK: Brackets

  /// After a parent has left: its children go too, or are to be activated. Section 8.2.
  mutating func resolveChildren(of slot: UInt32, _ events: inout MatchingSink) {
    guard orders[slot].tag.hasExtra else { return }
    let extra = details[slot].extra
    let first = extras[extra].firstChild
    guard first != OrderExtra.none else { return }
    let second = extras[extra].secondChild
    extras[extra].firstChild = OrderExtra.none
    extras[extra].secondChild = OrderExtra.none
    let traded = details[slot].filledQuantity
    let list: InlineArray<2, UInt32> = [first, second]
    for index in list.indices {
      let child = list[index]
      if child == OrderExtra.none { continue }
      extras[details[child].extra].parent = OrderExtra.none
      if traded == 0 {
        remove(child, .linked, &events)
      } else {
        extras[details[child].extra].activatedQuantityMax = traded
      }
    }
    guard traded > 0 else { return }
    extras[details[first].extra].secondChild = second
    appendActivated(first)
  }

  /// Puts a bracket behind those that are to be activated: its first child, which has the second. The
  /// `previous` of a first child is the bracket before, that of a second one its first.
  mutating func appendActivated(_ first: UInt32) {
    let instrument = orders[first].locate
    let extra = details[first].extra
    let second = extras[extra].secondChild
    if second != OrderExtra.none { extras[details[second].extra].previous = first }
    let last = instruments[instrument].lastActivated
    extras[extra].previous = last &- 1
    if last == 0 {
      instruments[instrument].firstActivated = first &+ 1
    } else {
      extras[details[last &- 1].extra].next = first
    }
    instruments[instrument].lastActivated = first &+ 1
    instruments[instrument].followUpCount &+= 1
  }

  /// Takes a dormant order off its parent, or out of the brackets that are to be activated.
  mutating func leaveParent(_ slot: UInt32) {
    let parent = extras[details[slot].extra].parent
    guard parent != OrderExtra.none else { return leaveActivated(slot) }
    extras[details[slot].extra].parent = OrderExtra.none
    let extra = details[parent].extra
    if extras[extra].firstChild == slot {
      extras[extra].firstChild = extras[extra].secondChild
    }
    extras[extra].secondChild = OrderExtra.none
  }

  /// Takes a child out of a bracket that waits for its turn; the other one takes its place.
  private mutating func leaveActivated(_ slot: UInt32) {
    let none = OrderExtra.none
    let instrument = orders[slot].locate
    let extra = details[slot].extra
    let previous = extras[extra].previous
    let isFirst = instruments[instrument].firstActivated == slot &+ 1
    // One that waits for no turn has neither.
    guard previous != none || isFirst else { return }
    extras[extra].previous = none
    if !isFirst, extras[details[previous].extra].secondChild == slot {
      extras[details[previous].extra].secondChild = none
      return
    }
    let (second, next) = (extras[extra].secondChild, extras[extra].next)
    extras[extra].secondChild = none
    extras[extra].next = none
    // What stands in its place: the second child, or the bracket behind.
    var following = next
    var last = previous
    if second != none {
      extras[details[second].extra].next = next
      extras[details[second].extra].previous = previous
      (following, last) = (second, second)
    } else {
      instruments[instrument].followUpCount &-= 1
    }
    if isFirst {
      instruments[instrument].firstActivated = following &+ 1
    } else {
      extras[details[previous].extra].next = following
    }
    if next == none {
      instruments[instrument].lastActivated = last &+ 1
    } else {
      extras[details[next].extra].previous = last
    }
  }

  /// Enters the children of the bracket whose turn it is.
  mutating func activateFirst(_ instrument: UInt16, _ events: inout MatchingSink) {
    let first = instruments[instrument].firstActivated &- 1
    let second = extras[details[first].extra].secondChild
    let following = extras[details[first].extra].next
    extras[details[first].extra].next = OrderExtra.none
    extras[details[first].extra].secondChild = OrderExtra.none
    instruments[instrument].firstActivated = following &+ 1
    if following == OrderExtra.none {
      instruments[instrument].lastActivated = 0
    } else {
      extras[details[following].extra].previous = OrderExtra.none
    }
    instruments[instrument].followUpCount &-= 1
    cut(first, &events)
    if second != OrderExtra.none {
      extras[details[second].extra].previous = OrderExtra.none
      cut(second, &events)
      extras[details[first].extra].linked = second
      extras[details[second].extra].linked = first
    }
    let secondId = second == OrderExtra.none ? 0 : orders[second].reference
    activate(first, &events)
    // The first one may have taken the second with it.
    if second != OrderExtra.none, let slot = findSlot(secondId), slot == second {
      activate(second, &events)
    }
  }

  /// Cuts a child's quantity to what its parent traded.
  private mutating func cut(_ slot: UInt32, _ events: inout MatchingSink) {
    let most = extras[details[slot].extra].activatedQuantityMax
    let left = leaves(slot)
    guard left > most else { return }
    let extra = details[slot].extra
    releaseRisk(slot, from: left, to: most)
    let hidden = extras[extra].hiddenQuantity
    let fromHidden = min(hidden, left &- most)
    extras[extra].hiddenQuantity &-= fromHidden
    orders[slot].quantity &-= left &- most &- fromHidden
    var event = event(.reduced, of: slot)
    event.reasonCode = MatchingReason.linked.rawValue
    event.quantity = left &- most
    event.leavesQuantity = most
    events.emit(event)
  }

  private mutating func activate(_ slot: UInt32, _ events: inout MatchingSink) {
    let instrument = orders[slot].locate
    leaveSet(slot)
    let extra = details[slot].extra
    let type = details[slot].type
    var trigger = extras[extra].triggerTicks
    if type == .trailingStop {
      let last = instruments[instrument].lastTicks
      trigger = trailingTrigger(orders[slot].side, last: last, amount: trigger) ?? 1
    }
    var event = event(.activated, of: slot)
    event.leavesQuantity = leaves(slot)
    event.value = type == .limit ? 0 : UInt64(trigger)
    events.emit(event)
    var incoming = revive(slot)
    if type != .limit {
      entryCount &+= 1
      extras[extra].entry = entryCount
      rest(&incoming, in: .stop, at: trigger, &events)
      return
    }
    if instruments[instrument].phase == .continuous, incoming.flags.contains(.postOnly),
      wouldTake(incoming)
    {
      end(&incoming, .wouldTake, &events)
      return
    }
    matchAndRest(&incoming, &events)
  }
}
