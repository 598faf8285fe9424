/// The pool has no room for more work.
public struct BlockingPoolFull: Error, Sendable {}

/// Threads for short blocking work (hashing, file access), so that loops never wait for it.
public final class BlockingPool: Sendable {
    private let queue: BlockingQueue<@Sendable () -> Void>
    private let threads: [Thread]

    /// Starts `threads` threads; more than `waiting` pieces of work in the queue are refused.
    public init(threads count: Int, waiting: Int) throws(SystemError) {
        let queue = BlockingQueue<@Sendable () -> Void>(capacity: waiting)
        self.queue = queue
        var threads: [Thread] = []
        for _ in 0..<count { threads.append(try Thread { while let work = queue.pop() { work() } }) }
        self.threads = threads
    }

    /// How much work waits for a thread.
    public var waiting: Int { queue.count }

    /// Runs `work` on a thread of the pool; throws `BlockingPoolFull` at once when there is no room.
    public func run<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            let accepted = queue.push { continuation.resume(with: Result { try work() }) }
            if !accepted { continuation.resume(throwing: BlockingPoolFull()) }
        }
    }

    /// Has `work` run on a thread of the pool, and waits for nothing; false when there is no room.
    public func submit(_ work: @escaping @Sendable () -> Void) -> Bool { queue.push(work) }

    /// Finishes what is queued, then ends the threads.
    public func shutdown() {
        queue.close()
        for thread in threads { thread.join() }
    }
}
