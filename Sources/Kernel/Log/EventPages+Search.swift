import Base
import Store

/// Looking up single places. Positions, times and sequences grow together, so that a search by halves needs no index more.
extension EventPages {
    static let columns: SQL = """
        SELECT position, recorded_at, occurred_at, source, kind, key, chat, sequence, sender, message, payload
        FROM events
        """

    static func events(_ query: Query, _ transaction: any ReadTransaction) async throws -> [Event] {
        var events: [Event] = []
        try await transaction.query(query.sql, query.parameters) { events.append(try event($0)) }
        return events
    }

    /// The first events of a query: as many as have room, one at least; and whether there may be more of them.
    static func firstEvents(
        _ query: Query, limit: Int, _ transaction: any ReadTransaction
    ) async throws -> (events: [Event], isCut: Bool) {
        struct Enough: Error {}
        var events: [Event] = []
        var bytes = 0
        do {
            try await transaction.query(query.sql, query.parameters) { row in
                events.append(try event(row))
                bytes += events.last?.size ?? 0
                if bytes > pageBytesMax { throw Enough() }
            }
        } catch is Enough {
            return (events, true)
        }
        return (events, events.count == limit)
    }

    /// Events that are read at once have no more bytes than this, but for the last of them.
    private static let pageBytesMax = 8 << 20

    /// The event that a row of `columns` holds.
    static func event(_ row: borrowing Row) throws(StoreError) -> Event {
        Event(
            position: Position(try row.integer(0)), recordedAt: Timestamp(milliseconds: try row.integer(1)),
            sequence: try row.integer(7),
            EventDraft(
                source: Source(try row.text(3)), kind: try row.text(4), key: try row.optionalText(5),
                chat: try row.optionalInteger(6), sender: try row.optionalInteger(8),
                message: try row.optionalInteger(9),
                occurredAt: try row.optionalInteger(2).map { Timestamp(milliseconds: $0) },
                payload: try row.optionalBytes(10)))
    }

    /// How far a cursor has come, also where only its sequence says so.
    func position(of cursor: ReadCursor, in transaction: any ReadTransaction) async throws -> Position {
        guard case .chat(let chat) = filter.path, let sequence = cursor.sequence else {
            return cursor.position
        }
        let found = try await transaction.first(
            "SELECT position FROM events WHERE chat = $1 AND sequence <= $2 ORDER BY sequence DESC LIMIT 1",
            [.integer(chat), .integer(sequence)]
        ) { Position(try $0.integer(0)) }
        return max(cursor.position, found ?? .zero)
    }

    static func lastSequence(_ chat: Int64, _ transaction: any ReadTransaction) async throws -> Int64 {
        try await transaction.first(
            "SELECT sequence FROM events WHERE chat = $1 ORDER BY sequence DESC LIMIT 1", [.integer(chat)]
        ) { try $0.integer(0) } ?? 0
    }

    /// The last sequence of a chat at or before a position.
    static func sequence(
        of chat: Int64, at position: Position, _ transaction: any ReadTransaction
    ) async throws -> Int64 {
        guard position > .zero else { return 0 }
        var low: Int64 = 0
        var high = try await lastSequence(chat, transaction)
        // What is at or below `low` is at or before the position; what is above `high` is after it.
        while low < high {
            let middle = low + (high - low + 1) / 2
            let found = try await transaction.first(
                """
                SELECT sequence, position FROM events WHERE chat = $1 AND sequence <= $2
                ORDER BY sequence DESC LIMIT 1
                """, [.integer(chat), .integer(middle)]
            ) { (sequence: try $0.integer(0), position: Position(try $0.integer(1))) }
            // Nothing is left there: retention has taken it, so it is older than what is left.
            guard let found, found.position > position else {
                low = middle
                continue
            }
            high = found.sequence - 1
        }
        return low
    }

    /// The last position that was recorded before a time.
    static func position(
        before time: Timestamp, _ transaction: any ReadTransaction
    ) async throws -> Position {
        var low: Int64 = 0
        var high = try await head(transaction).number
        while low < high {
            let middle = low + (high - low + 1) / 2
            let found = try await transaction.first(
                "SELECT position, recorded_at FROM events WHERE position <= $1 ORDER BY position DESC LIMIT 1",
                [.integer(middle)]
            ) { (position: try $0.integer(0), time: Timestamp(milliseconds: try $0.integer(1))) }
            guard let found, found.time >= time else {
                low = middle
                continue
            }
            high = found.position - 1
        }
        return Position(low)
    }
}
