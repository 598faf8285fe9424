import Base

/// What is to be looked at again at a moment; the earliest first.
struct TimeQueue<Item: Sendable>: Sendable {
    private var heap: [(moment: Moment, item: Item)] = []

    /// The earliest moment.
    var first: Moment? { heap.first?.moment }

    mutating func add(_ item: Item, at moment: Moment) {
        heap.append((moment, item))
        var child = heap.count - 1
        while child > 0, heap[child].moment < heap[(child - 1) / 2].moment {
            heap.swapAt(child, (child - 1) / 2)
            child = (child - 1) / 2
        }
    }

    /// The earliest, if its moment has come.
    mutating func pop(through now: Moment) -> Item? {
        guard let first = heap.first, first.moment <= now else { return nil }
        let last = heap.removeLast()
        if !heap.isEmpty {
            heap[0] = last
            sink()
        }
        return first.item
    }

    private mutating func sink() {
        var parent = 0
        while true {
            var least = parent
            for child in [parent * 2 + 1, parent * 2 + 2]
            where child < heap.count && heap[child].moment < heap[least].moment { least = child }
            guard least != parent else { return }
            heap.swapAt(parent, least)
            parent = least
        }
    }
}
