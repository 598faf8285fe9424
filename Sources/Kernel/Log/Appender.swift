import Base
import Reactor
import Store
import Synchronization

/// Collects what callers want to append, and writes it in batches, one at a time.
///
/// The caller who finds nobody writing begins to write: a task that goes on until nobody waits. Each batch is what has come
/// while the last one was written, so batches grow with the load, and a lone caller waits for nobody. The task is no caller's,
/// since a caller's may be on an event loop, where it would come to its turn after everything else there; with SQLite it
/// lives on the thread that writes, so that the next batch follows the last one without a change of threads.
actor Appender {
    /// Where there is no one thread that writes.
    private actor Anywhere {}

    private struct Waiting {
        let drafts: [EventDraft]
        let bytes: Int
        let caller: Waiter<Result<[Appended], any Error>>
    }

    private struct State {
        var waiting: [Waiting] = []
        var drafts = 0
        var bytes = 0
        var isWriting = false
        var isClosed = false
    }

    /// Payloads that wait; beyond, callers are refused as they are beyond so many events.
    private static let waitingBytesMax = 256 << 20
    /// Payloads that one commit takes.
    private static let batchBytesMax = 32 << 20

    private nonisolated let executor: (any SerialExecutor)?
    private nonisolated let anywhere = Anywhere()
    private let database: any Database
    private let clocks: Clocks
    private let heads = ChatHeads()
    private let batchMax: Int
    private nonisolated let waitingMax: Int
    private let committed: @Sendable ([Event]) -> Void
    private nonisolated let state = Mutex(State())

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe executor?.asUnownedSerialExecutor() ?? anywhere.unownedExecutor
    }

    /// An appender of batches of at most `batchMax` events; beyond `waitingMax` that wait, callers are refused.
    ///
    /// `committed` gets the events of each batch in order, before its callers go on.
    init(
        _ database: any Database, _ clocks: Clocks, batchMax: Int, waitingMax: Int,
        committed: @escaping @Sendable ([Event]) -> Void
    ) {
        self.database = database
        executor = database.writingExecutor
        self.clocks = clocks
        self.batchMax = batchMax
        self.waitingMax = waitingMax
        self.committed = committed
    }

    /// How many events wait to be written.
    nonisolated var waiting: Int { state.withLock { $0.drafts } }

    /// Returns when all drafts are durable; they stand together and in order.
    nonisolated func append(_ drafts: [EventDraft]) async throws -> [Appended] {
        guard !drafts.isEmpty else { return [] }
        let bytes = drafts.reduce(0) { $0 + ($1.payload?.count ?? 0) }
        return try await withCheckedContinuation { continuation in
            let waiting = Waiting(drafts: drafts, bytes: bytes, caller: Waiter(continuation))
            do throws(LogError) {
                guard try enter(waiting) else { return }
                // It ends with the last who waits, and each of them waits for it.
                Task.immediate { await write() }
            } catch {
                waiting.caller.resume(returning: .failure(error))
            }
        }.get()
    }

    /// Takes a place in the row; true where nobody writes yet.
    private nonisolated func enter(_ waiting: Waiting) throws(LogError) -> Bool {
        try state.withLock { state throws(LogError) in
            guard !state.isClosed else { throw .closed }
            let drafts = state.drafts + waiting.drafts.count
            let hasRoom = drafts <= waitingMax && state.bytes + waiting.bytes <= Self.waitingBytesMax
            guard hasRoom || state.waiting.isEmpty else { throw .overloaded }
            state.waiting.append(waiting)
            state.drafts = drafts
            state.bytes += waiting.bytes
            defer { state.isWriting = true }
            return !state.isWriting
        }
    }

    /// Takes no more; what waits is still written.
    nonisolated func close() { state.withLock { $0.isClosed = true } }

    /// Writes until nobody waits.
    private func write() async {
        while let batch = takeBatch() {
            let results = await write(batch.map { $0.drafts })
            Waiter.resume(batch.map { $0.caller }, returning: results)
        }
    }

    /// Those who are written next; nil, and nobody writes any more, where nobody waits.
    private func takeBatch() -> [Waiting]? {
        state.withLock { state in
            guard !state.waiting.isEmpty else {
                state.isWriting = false
                return nil
            }
            var (drafts, bytes, count) = (0, 0, 0)
            while count < state.waiting.count {
                let next = state.waiting[count]
                let fits = drafts + next.drafts.count <= batchMax && bytes + next.bytes <= Self.batchBytesMax
                guard count == 0 || fits else { break }
                drafts += next.drafts.count
                bytes += next.bytes
                count += 1
            }
            state.drafts -= drafts
            state.bytes -= bytes
            var batch: [Waiting] = []
            if count == state.waiting.count {
                // As a rule: nobody is copied.
                swap(&batch, &state.waiting)
            } else {
                batch = Array(state.waiting[..<count])
                state.waiting.removeFirst(count)
            }
            return batch
        }
    }

    /// Writes several callers' drafts at once; where that fails for what one of them holds, each by itself.
    private func write(_ callers: [[EventDraft]]) async -> [Result<[Appended], any Error>] {
        do {
            var results = try await commit(callers.flatMap { $0 })[...]
            return callers.map { drafts in
                defer { results = results.dropFirst(drafts.count) }
                return .success(Array(results.prefix(drafts.count)))
            }
        } catch {
            let error = LogError(error)
            guard case .failed = error, callers.count > 1 else {
                return callers.map { _ in .failure(error) }
            }
            var results: [Result<[Appended], any Error>] = []
            for drafts in callers { results += await write([drafts]) }
            return results
        }
    }

    private func commit(_ drafts: [EventDraft]) async throws -> [Appended] {
        let attempt = AppendAttempt(database, drafts, now: clocks.now, known: heads)
        let outcome = try await attempt.run()
        heads.update(outcome)
        committed(outcome.events)
        return outcome.results
    }
}
