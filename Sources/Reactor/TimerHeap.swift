/// A point on the monotonic clock, in nanoseconds; what every deadline here is measured by.
public typealias MonotonicNanoseconds = UInt64

/// A binary heap of deadlines.
///
/// Cancelling marks an entry dead and leaves it in place, so that both arming and
/// cancelling are cheap; dead entries are swept out when they outnumber the living.
struct TimerHeap {
    /// What happens when a deadline passes; runs on the loop.
    typealias Action = () -> Void

    /// Names an armed timer.
    struct ID: Hashable { fileprivate let raw: UInt64 }

    private struct Entry {
        let deadline: MonotonicNanoseconds
        let id: UInt64
    }

    private var heap: [Entry] = []
    private var actions: [UInt64: Action] = [:]
    private var nextID: UInt64 = 0

    var count: Int { actions.count }

    /// The earliest living deadline.
    mutating func earliest() -> MonotonicNanoseconds? {
        while let first = heap.first {
            if actions[first.id] != nil { return first.deadline }
            removeFirst()
        }
        return nil
    }

    mutating func arm(at deadline: MonotonicNanoseconds, _ action: @escaping Action) -> ID {
        nextID += 1
        actions[nextID] = action
        heap.append(Entry(deadline: deadline, id: nextID))
        siftUp(heap.count - 1)
        return ID(raw: nextID)
    }

    mutating func cancel(_ id: ID) {
        guard actions.removeValue(forKey: id.raw) != nil else { return }
        if heap.count > 64, heap.count > actions.count * 2 { sweep() }
    }

    /// Takes the next timer that is due; nil when none is.
    mutating func popDue(_ now: MonotonicNanoseconds) -> Action? {
        while let first = heap.first, first.deadline <= now {
            removeFirst()
            if let action = actions.removeValue(forKey: first.id) { return action }
        }
        return nil
    }

    private mutating func sweep() {
        heap.removeAll { actions[$0.id] == nil }
        heap.sort(by: Self.precedes)
    }

    /// Equal deadlines fire in the order in which they were armed.
    private static func precedes(_ a: Entry, _ b: Entry) -> Bool {
        a.deadline != b.deadline ? a.deadline < b.deadline : a.id < b.id
    }

    private mutating func removeFirst() {
        heap.swapAt(0, heap.count - 1)
        heap.removeLast()
        siftDown(0)
    }

    private mutating func siftUp(_ start: Int) {
        var child = start
        while child > 0 {
            let parent = (child - 1) / 2
            guard Self.precedes(heap[child], heap[parent]) else { return }
            heap.swapAt(child, parent)
            child = parent
        }
    }

    private mutating func siftDown(_ start: Int) {
        var parent = start
        while true {
            var least = parent
            for child in [2 * parent + 1, 2 * parent + 2]
            where child < heap.count && Self.precedes(heap[child], heap[least]) { least = child }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
