import Base

/// An update that waits for its bot.
struct QueuedUpdate: Sendable {
    let id: Int64
    /// The queue in which it keeps its order: a chat, or whoever it comes from.
    let lane: Int64
    /// When nobody wants it any more, in seconds.
    let expires: Int64
    let json: Bytes
}

/// The updates of a bot that nobody has confirmed, the oldest first.
struct UpdateQueue: Sendable {
    private var items: [QueuedUpdate] = []
    private var head = 0
    private let max: Int

    init(max: Int) { self.max = max }

    var count: Int { items.count - head }
    var all: ArraySlice<QueuedUpdate> { items[head...] }

    mutating func push(_ update: QueuedUpdate) {
        items.append(update)
        if count > max { head += 1 }
        compact()
    }

    mutating func replace(with updates: [QueuedUpdate]) {
        items = updates
        head = 0
    }

    /// Forgets what is older than an offset; a negative one counts from the end.
    mutating func confirm(_ offset: Int64) {
        if offset < 0 {
            head = Swift.max(head, items.count - Int(Swift.max(offset, -1_000_000).magnitude))
        } else {
            while head < items.count, items[head].id < offset { head += 1 }
        }
        compact()
    }

    mutating func expire(_ now: Int64) {
        while head < items.count, items[head].expires <= now { head += 1 }
        compact()
    }

    /// The oldest.
    var peek: QueuedUpdate? { head < items.count ? items[head] : nil }

    /// Forgets one, which most often is the oldest.
    mutating func remove(id: Int64) {
        if peek?.id == id { head += 1 } else { items.removeAll { $0.id == id } }
        compact()
    }

    /// Changes the places of the two oldest, where there are two.
    mutating func swapFirst() {
        if count > 1 { items.swapAt(head, head + 1) }
    }

    mutating func clear() { replace(with: []) }

    /// The oldest that are still wanted.
    func first(_ limit: Int, now: Int64) -> [QueuedUpdate] {
        Array(items[head...].lazy.filter { $0.expires > now }.prefix(limit))
    }

    private mutating func compact() {
        guard head > 512, head > items.count / 2 else { return }
        items.removeFirst(head)
        head = 0
    }
}
