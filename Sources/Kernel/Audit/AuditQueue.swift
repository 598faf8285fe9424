import Base

/// Entries that wait to be written, in a bounded queue that counts what had no room.
struct AuditQueue: Sendable {
    /// What was done, and when.
    struct Noted: Sendable, Equatable {
        let at: Timestamp
        let draft: AuditDraft
    }

    /// What is written in one transaction.
    struct Batch: Sendable, Equatable {
        var noted: [Noted]
        /// How many had no room before the queue was emptied.
        let dropped: Int
    }

    private(set) var isClosed = false
    /// How many are being written.
    private(set) var underWay = 0
    private var waiting: [Noted] = []
    private var dropped = 0
    private let countMax: Int
    private let batchMax: Int

    init(countMax: Int, batchMax: Int) {
        precondition(countMax > 0 && batchMax > 0, "a queue has room for something")
        self.countMax = countMax
        self.batchMax = batchMax
    }

    /// Whether there is nothing left to be written.
    var isEmpty: Bool { underWay == 0 && waiting.isEmpty && dropped == 0 }

    /// How many entries are not on disk.
    var count: Int { waiting.count + underWay }

    /// Takes an entry in; false where it is dropped.
    mutating func add(_ noted: Noted) -> Bool {
        guard !isClosed, waiting.count < countMax else {
            dropped += 1
            return false
        }
        waiting.append(noted)
        return true
    }

    /// What is to be written next; nil where there is nothing, or something is being written.
    mutating func take() -> Batch? {
        guard underWay == 0, !waiting.isEmpty || dropped > 0 else { return nil }
        let noted = Array(waiting.prefix(batchMax))
        waiting.removeFirst(noted.count)
        underWay = noted.count
        // What was dropped is told once the queue has room again, with one number for all of it.
        guard waiting.isEmpty, dropped > 0 else { return Batch(noted: noted, dropped: 0) }
        let batch = Batch(noted: noted, dropped: dropped)
        underWay += 1
        dropped = 0
        return batch
    }

    /// A batch is on disk.
    mutating func finish() { underWay = 0 }

    /// A batch could not be written and never can: all of it counts as dropped.
    mutating func lose(_ batch: Batch) {
        underWay = 0
        dropped += batch.noted.count + batch.dropped
    }

    /// Takes no more entries in.
    mutating func close() { isClosed = true }
}
