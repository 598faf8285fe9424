package import Base
package import Bus
package import Store
import Synchronization

/// The log: everything that happened, in one order, durably.
package final class EventLog: Sendable {
    /// How much is kept in memory and done at once.
    package struct Limits: Sendable {
        /// Events that one commit takes.
        package var batchMax = 4096
        /// Events that wait for a commit; beyond, callers are refused.
        package var waitingMax = 50_000
        /// Events at the log's end that are kept in memory for readers.
        package var tailCountMax = 65_536
        /// The same in bytes.
        package var tailBytesMax = 32 << 20
        /// Events that wait for one live reader; beyond, it reads them from the database.
        package var mailboxCapacity = 1024
        /// Events that a reader gets from the database at once.
        package var pageSize = 512
        /// The bytes that one event may hold.
        package var payloadBytesMax = 16 << 20

        /// What is sane for a server of its own.
        package init() {}
    }

    /// Windows of rows that one page looks through before it says that it found nothing.
    private static let windowsMax = 10

    let database: any Database
    private let limits: Limits
    private let tail: EventTail
    private let appender: Appender
    private let follower: LogFollower
    private let metrics: LogMetrics

    /// Opens the log of a database whose schema is up to date.
    ///
    /// With a bus it hints other nodes at what it appends, and takes their hints.
    package init(
        _ database: any Database, limits: Limits = Limits(), clocks: Clocks = .system,
        metrics: Metrics = Metrics(), bus: (any Bus)? = nil
    ) async throws {
        self.database = database
        self.limits = limits
        let end = try await database.read { try await EventPages.head($0) }
        let tail = EventTail(
            after: end, countMax: limits.tailCountMax, bytesMax: limits.tailBytesMax,
            mailboxCapacity: limits.mailboxCapacity)
        let hints = LogHints(bus)
        let follower = LogFollower(database, tail, hints)
        let log = LogMetrics(metrics)
        self.tail = tail
        self.follower = follower
        self.metrics = log
        appender = Appender(
            database, clocks, batchMax: limits.batchMax, waitingMax: limits.waitingMax
        ) { events in
            log.committed(events.count)
            if !tail.publish(events) { follower.look() }
            hints.publish(events)
        }
        log.observe(tail, appender)
    }

    /// The last position that readers have been told of.
    package var end: Position { tail.end }

    /// Brings in what other processes append; to be run for as long as the log is used.
    package var following: LogFollower { follower }

    /// Writes events down; returns once they are durable.
    ///
    /// All of them stand together and in order, or none is there.
    package func append(_ drafts: [EventDraft]) async throws -> [Appended] {
        for draft in drafts { try check(draft) }
        let begin = ContinuousClock.now
        do {
            let results = try await appender.append(drafts)
            metrics.appended(results, in: begin.duration(to: .now))
            return results
        } catch {
            metrics.failed()
            throw error
        }
    }

    /// Reads on from a place: first what is stored, then live.
    ///
    package func reader(_ filter: EventFilter = EventFilter(), from start: ReadStart) async throws
        -> EventReader
    {
        let position = try await position(of: start, for: filter)
        return EventReader(
            filter, after: position, isAtStart: start == .start, database, tail, pageSize: limits.pageSize)
    }

    /// The same, event by event.
    package func subscribe(
        _ filter: EventFilter = EventFilter(), from start: ReadStart
    ) async throws -> Subscription {
        Subscription(try await reader(filter, from: start))
    }

    /// The next events after a position that pass, `limit` at most, and how far that reaches; waits for nothing.
    package func page(_ filter: EventFilter, after position: Position, limit: Int) async throws -> (
        events: [Event], position: Position
    ) {
        let pages = EventPages(filter: filter)
        do {
            return try await database.read { transaction in
                var cursor = ReadCursor(position: position)
                // What passes may be sparse: a page that found nothing says only how far it has looked.
                for _ in 0..<Self.windowsMax {
                    let page = try await pages.read(after: cursor, limit: limit, in: transaction)
                    if !page.events.isEmpty || page.isAtEnd {
                        return (page.events, page.cursor.position)
                    }
                    cursor = page.cursor
                }
                return ([], try await pages.position(of: cursor, in: transaction))
            }
        } catch let error as LogError {
            throw error
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw LogError(error)
        }
    }

    /// The position before the last `count` events that pass a filter and are behind `floor`; the end where there are none.
    package func position(before count: Int, _ filter: EventFilter, after floor: Position) async throws
        -> Position
    {
        let pages = EventPages(filter: filter)
        return try await database.read { transaction in
            // Of the same moment: what comes in after it is behind the position that is returned.
            let head = try await EventPages.head(transaction)
            let positions = try await pages.last(count, after: floor, in: transaction)
            return positions.last.map { Position($0.number - 1) } ?? head
        }
    }

    /// The position behind which a reader begins.
    package func position(of start: ReadStart, _ filter: EventFilter) async throws -> Position {
        try await position(of: start, for: filter)
    }

    /// The events at some positions, in their order; those that are gone are left out.
    package static func events(at positions: [Position], in transaction: any ReadTransaction) async throws
        -> [Event]
    {
        var query = Query(EventPages.columns)
        query.add(" WHERE position" + query.isAmong(.integers(positions.map(\.number))))
        query.add(" ORDER BY position")
        return try await EventPages.events(query, transaction)
    }

    /// The last event of each of some chats, where any is kept.
    package static func latest(of chats: [Int64], in transaction: any ReadTransaction) async throws
        -> [(chat: Int64, position: Position, recordedAt: Timestamp)]
    {
        try await transaction.all(
            SQL(
                sqlite: """
                    SELECT event.chat, event.position, event.recorded_at FROM json_each($1) AS list JOIN events AS event
                    ON event.chat = list.value AND event.sequence =
                        (SELECT max(sequence) FROM events WHERE chat = list.value)
                    """,
                postgres: """
                    SELECT event.chat, event.position, event.recorded_at FROM unnest($1::bigint[]) AS list (value)
                    JOIN events AS event ON event.chat = list.value AND event.sequence =
                        (SELECT max(sequence) FROM events WHERE chat = list.value)
                    """), [.integers(chats)]
        ) { row in
            (try row.integer(0), Position(try row.integer(1)), Timestamp(milliseconds: try row.integer(2)))
        }
    }

    /// When the oldest event that is kept was recorded; nil in an empty log.
    package func oldest() async throws -> Timestamp? {
        try await database.read { transaction in
            try await transaction.first("SELECT recorded_at FROM events ORDER BY position LIMIT 1") {
                Timestamp(milliseconds: try $0.integer(0))
            }
        }
    }

    /// Ends all readers, and takes no more appends.
    package func close() {
        appender.close()
        tail.close()
        follower.stop()
    }

    private func position(of start: ReadStart, for filter: EventFilter) async throws -> Position {
        do {
            switch start {
            case .now: return tail.end
            case .after(let position): return position
            case .start:
                let pages = EventPages(filter: filter)
                return try await database.read { try await pages.oldest($0) }
            case .at(let time):
                return try await database.read { try await EventPages.position(before: time, $0) }
            }
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw LogError(error)
        }
    }

    private func check(_ draft: EventDraft) throws(LogError) {
        if let payload = draft.payload, payload.count > limits.payloadBytesMax {
            throw .invalid("a payload of \(payload.count) bytes; \(limits.payloadBytesMax) are allowed")
        }
        // PostgreSQL cannot hold U+0000 in a text, and an event must be the same in both databases.
        for text in [draft.source.text, draft.kind, draft.key ?? " "] {
            guard !text.isEmpty, text.utf8.count <= 512, !text.utf8.contains(0) else {
                throw .invalid("a source, kind or key that is empty, too long or holds U+0000")
            }
        }
    }
}
