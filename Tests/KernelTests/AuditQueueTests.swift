import Base
import Testing

@testable import Kernel

@Suite struct AuditQueueTests {
    private let draft = AuditDraft(actor: "anonymous", action: "access.denied")
    private var noted: AuditQueue.Noted { AuditQueue.Noted(at: Timestamp(seconds: 1), draft: draft) }

    /// A queue to which so many entries were added, and how many it took.
    private func queue(_ count: Int, countMax: Int, batchMax: Int) -> (AuditQueue, Int) {
        var queue = AuditQueue(countMax: countMax, batchMax: batchMax)
        var taken = 0
        for _ in 0..<count { taken += queue.add(noted) ? 1 : 0 }
        return (queue, taken)
    }

    @Test func `one batch is under way at a time`() {
        var (queue, _) = queue(3, countMax: 5, batchMax: 2)
        let first = queue.take()
        #expect(first?.noted.count == 2)
        let early = queue.take()
        #expect(early == nil)
        #expect(queue.count == 3)
        queue.finish()
        let second = queue.take()
        #expect(second?.noted.count == 1)
        #expect(!queue.isEmpty)
        queue.finish()
        #expect(queue.isEmpty)
        let none = queue.take()
        #expect(none == nil)
    }

    @Test func `what was dropped is told once the queue is emptied`() {
        var (queue, taken) = queue(7, countMax: 3, batchMax: 2)
        #expect(taken == 3)
        let first = queue.take()
        #expect(first?.dropped == 0)
        queue.finish()
        let last = queue.take()
        #expect(last == AuditQueue.Batch(noted: [noted], dropped: 4))
        queue.finish()
        #expect(queue.isEmpty)
    }

    @Test func `a batch that is lost is told with those that had no room`() {
        var (queue, _) = queue(3, countMax: 2, batchMax: 2)
        if let batch = queue.take() { queue.lose(batch) }
        let next = queue.take()
        #expect(next == AuditQueue.Batch(noted: [], dropped: 3))
    }

    @Test func `a closed queue takes nothing, and counts it`() {
        var queue = AuditQueue(countMax: 2, batchMax: 2)
        queue.close()
        let isTaken = queue.add(noted)
        #expect(!isTaken)
        let batch = queue.take()
        #expect(batch?.dropped == 1)
    }
}
