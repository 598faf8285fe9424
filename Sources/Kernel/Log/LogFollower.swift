import Store
import Synchronization

/// Reads what this process has not appended itself from the database into the tail.
///
/// Hints make it look at once; without them it looks now and then, so that a lost hint costs latency and no event.
package final class LogFollower: Sendable {
    private struct State {
        var isAsked = false
        var isStopped = false
        var waiting: CheckedContinuation<Void, Never>?
    }

    private let database: any Database
    private let tail: EventTail
    private let hints: LogHints
    private let state = Mutex(State())

    init(_ database: any Database, _ tail: EventTail, _ hints: LogHints) {
        self.database = database
        self.tail = tail
        self.hints = hints
    }

    /// Something may have been appended elsewhere.
    package func look() {
        state.withLock { state in
            state.isAsked = true
            return state.waiting.take()
        }?.resume()
    }

    /// Makes `run` return.
    package func stop() {
        state.withLock { state in
            state.isStopped = true
            return state.waiting.take()
        }?.resume()
    }

    /// Follows until it is stopped or its task is cancelled; looks every `interval` without being asked.
    @concurrent package func run(every interval: Duration = .seconds(1)) async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask {
                while !Task.isCancelled {
                    // Cut short only by the task's end.
                    try? await Task.sleep(for: interval)
                    self.look()
                }
            }
            group.addTask { await self.hints.follow { self.look() } }
            while await isAsked() {
                // The database is away: the next look comes by itself.
                try? await catchUp()
            }
            group.cancelAll()
        }
    }

    private func isAsked() async -> Bool {
        await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let goesOn = state.withLock { state in
                    guard !state.isAsked, !state.isStopped, !Task.isCancelled else { return true }
                    state.waiting = continuation
                    return false
                }
                if goesOn { continuation.resume() }
            }
        } onCancel: {
            state.withLock { $0.waiting.take() }?.resume()
        }
        return state.withLock { state in
            state.isAsked = false
            return !state.isStopped && !Task.isCancelled
        }
    }

    /// Reads from the tail's end to the log's.
    private func catchUp() async throws {
        let pages = EventPages(filter: EventFilter())
        while true {
            let after = tail.end
            let (page, isCut) = try await database.read {
                try await pages.following(after, limit: 512, in: $0)
            }
            // What another task has published meanwhile is left out by the tail itself.
            if !page.isEmpty { _ = tail.publish(page, all: true) }
            guard isCut else { return }
        }
    }
}

extension EventPages {
    /// The events behind a position that are there, whatever retention has taken.
    func following(
        _ position: Position, limit: Int, in transaction: any ReadTransaction
    ) async throws -> (events: [Event], isCut: Bool) {
        var query = Query(Self.columns)
        query.add(" WHERE position > " + query.parameter(.integer(position.number)))
        query.add(" ORDER BY position LIMIT " + query.parameter(.integer(Int64(limit))))
        return try await Self.firstEvents(query, limit: limit, transaction)
    }

    /// The position before the oldest event that is kept for the filter.
    func oldest(_ transaction: any ReadTransaction) async throws -> Position {
        guard case .chat(let chat) = filter.path else { return try await expiredThrough(transaction) }
        // The floor is a sequence; the first event above it tells the position.
        let first = try await transaction.first(
            """
            SELECT position FROM events WHERE chat = $1 AND sequence >
                coalesce((SELECT sequence FROM chat_floors WHERE chat = $1), 0) ORDER BY sequence LIMIT 1
            """, [.integer(chat)]
        ) { Position(try $0.integer(0) - 1) }
        return if let first { first } else { try await Self.head(transaction) }
    }
}
