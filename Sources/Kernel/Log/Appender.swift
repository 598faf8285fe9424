import Base
import Store
import Synchronization

/// Collects what callers want to append, and writes it in batches, one at a time.
///
/// The caller who finds nobody writing writes: for itself and for all who wait by then. What comes meanwhile waits for the
/// next batch, whose first caller writes it. So batches grow with the load, and a lone caller waits for nobody.
final class Appender: Sendable {
    /// What becomes of a caller who waits.
    private enum Turn: Sendable {
        /// It is first in the row and nobody writes.
        case lead
        case done(Result<[Appended], any Error>)
    }

    private struct Waiting {
        let drafts: [EventDraft]
        let bytes: Int
        let continuation: CheckedContinuation<Turn, Never>
    }

    private struct State {
        var waiting: [Waiting] = []
        var drafts = 0
        var bytes = 0
        var isLed = false
        var isClosed = false
    }

    /// Payloads that wait; beyond, callers are refused as they are beyond so many events.
    private static let waitingBytesMax = 256 << 20
    /// Payloads that one commit takes.
    private static let batchBytesMax = 32 << 20

    private let database: any Database
    private let clocks: Clocks
    private let heads = ChatHeads()
    private let batchMax: Int
    private let waitingMax: Int
    private let committed: @Sendable ([Event]) -> Void
    private let state = Mutex(State())

    /// An appender of batches of at most `batchMax` events; beyond `waitingMax` that wait, callers are refused.
    ///
    /// `committed` gets the events of each batch in order, before its callers go on.
    init(
        _ database: any Database, _ clocks: Clocks, batchMax: Int, waitingMax: Int,
        committed: @escaping @Sendable ([Event]) -> Void
    ) {
        self.database = database
        self.clocks = clocks
        self.batchMax = batchMax
        self.waitingMax = waitingMax
        self.committed = committed
    }

    /// How many events wait to be written.
    var waiting: Int { state.withLock { $0.drafts } }

    /// Returns when all drafts are durable; they stand together and in order.
    func append(_ drafts: [EventDraft]) async throws -> [Appended] {
        guard !drafts.isEmpty else { return [] }
        let bytes = drafts.reduce(0) { $0 + ($1.payload?.count ?? 0) }
        let turn = await withCheckedContinuation { continuation in
            let answer: Turn? = state.withLock { state in
                guard !state.isClosed else { return .done(.failure(LogError.closed)) }
                let hasRoom =
                    state.drafts + drafts.count <= waitingMax && state.bytes + bytes <= Self.waitingBytesMax
                guard hasRoom || state.waiting.isEmpty else {
                    return .done(.failure(LogError.overloaded))
                }
                state.waiting.append(Waiting(drafts: drafts, bytes: bytes, continuation: continuation))
                state.drafts += drafts.count
                state.bytes += bytes
                guard !state.isLed else { return nil }
                state.isLed = true
                return .lead
            }
            if let answer { continuation.resume(returning: answer) }
        }
        switch turn {
        case .done(let result): return try result.get()
        case .lead: return try await lead()
        }
    }

    /// Takes no more; what waits is still written.
    func close() { state.withLock { $0.isClosed = true } }

    /// Writes the row as it stands, whose first is the caller.
    private func lead() async throws -> [Appended] {
        let batch = takeBatch()
        defer { handOver() }
        let results = await write(batch.map(\.drafts))
        for (waiting, result) in zip(batch, results).dropFirst() {
            waiting.continuation.resume(returning: .done(result))
        }
        return try results[0].get()
    }

    private func takeBatch() -> [Waiting] {
        state.withLock { state in
            var (drafts, bytes, count) = (0, 0, 0)
            while count < state.waiting.count {
                let next = state.waiting[count]
                let fits = drafts + next.drafts.count <= batchMax && bytes + next.bytes <= Self.batchBytesMax
                guard count == 0 || fits else { break }
                drafts += next.drafts.count
                bytes += next.bytes
                count += 1
            }
            defer {
                state.waiting.removeFirst(count)
                state.drafts -= drafts
                state.bytes -= bytes
            }
            return Array(state.waiting[..<count])
        }
    }

    private func handOver() {
        let next: CheckedContinuation<Turn, Never>? = state.withLock { state in
            state.isLed = !state.waiting.isEmpty
            return state.waiting.first?.continuation
        }
        next?.resume(returning: .lead)
    }

    /// Writes several callers' drafts at once; where that fails for what one of them holds, each by itself.
    private func write(_ callers: [[EventDraft]]) async -> [Result<[Appended], any Error>] {
        do {
            var results = try await commit(callers.flatMap(\.self))[...]
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
