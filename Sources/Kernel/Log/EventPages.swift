import Base
import Store

/// How far a reader has come.
struct ReadCursor: Sendable, Equatable {
    /// Everything at or before this has been read.
    var position: Position
    /// The same, as a sequence of the chat that is read; nil until it has been looked up.
    var sequence: Int64?
}

/// Events out of the database, with how far they reach.
struct EventPage: Sendable {
    var events: [Event] = []
    /// Everything up to here has been looked at.
    var cursor: ReadCursor
    /// Whether this was the end of the log when the page was read.
    var isAtEnd = false
}

/// Reads pages of events, along an index and never over more than a bound of rows.
struct EventPages: Sendable {
    /// Rows that one page may look at in vain; then it says how far it came.
    private static let windowMin: Int64 = 20_000

    let filter: EventFilter

    /// The next events after `cursor`, `limit` at most.
    func read(
        after cursor: ReadCursor, limit: Int, in transaction: any ReadTransaction
    ) async throws -> EventPage {
        let head = try await Self.head(transaction)
        guard head > cursor.position else { return EventPage(cursor: cursor, isAtEnd: true) }
        try await checkKept(after: cursor, transaction)
        switch filter.path {
        case .chat(let chat): return try await chatPage(chat, cursor, limit, head, transaction)
        case .log, .source: return try await page(cursor, limit, head, transaction)
        }
    }

    /// The positions of the last events that pass, the latest first: as many as `count`, and none at or before `floor`.
    func last(_ count: Int, after floor: Position, in transaction: any ReadTransaction) async throws
        -> [Position]
    {
        var query = Query("SELECT position FROM events")
        query.add(" WHERE position > " + query.parameter(.integer(floor.number)))
        switch filter.path {
        case .chat(let chat): query.add(" AND chat = " + query.parameter(.integer(chat)))
        case .source(let source): query.add(" AND source = " + query.parameter(.text(source.text)))
        case .log: break
        }
        filter.addConditions(to: &query)
        query.add(" ORDER BY position DESC LIMIT " + query.parameter(.integer(Int64(count))))
        return try await transaction.all(query.sql, query.parameters) { Position(try $0.integer(0)) }
    }

    /// The last position of the log.
    static func head(_ transaction: any ReadTransaction) async throws -> Position {
        let head = try await transaction.first("SELECT position FROM log_head") { try $0.integer(0) }
        guard let head else {
            throw StoreError(.corrupt, "the log has no head; a restore that was broken off leaves it so")
        }
        return Position(head)
    }

    private func page(
        _ cursor: ReadCursor, _ limit: Int, _ head: Position, _ transaction: any ReadTransaction
    ) async throws -> EventPage {
        var query = Query(Self.columns)
        query.add(" WHERE position > " + query.parameter(.integer(cursor.position.number)))
        var end = head
        if filter.isSelective {
            end = min(head, Position(cursor.position.number + Self.windowMin))
            query.add(" AND position <= " + query.parameter(.integer(end.number)))
        }
        if case .source(let source) = filter.path {
            query.add(" AND source = " + query.parameter(.text(source.text)))
        }
        filter.addConditions(to: &query)
        query.add(" ORDER BY position LIMIT " + query.parameter(.integer(Int64(limit))))
        let (events, isCut) = try await Self.firstEvents(query, limit: limit, transaction)
        if isCut, let last = events.last { end = last.position }
        return EventPage(events: events, cursor: ReadCursor(position: end), isAtEnd: end == head)
    }

    private func chatPage(
        _ chat: Int64, _ cursor: ReadCursor, _ limit: Int, _ head: Position,
        _ transaction: any ReadTransaction
    ) async throws -> EventPage {
        let start =
            if let sequence = cursor.sequence { sequence } else {
                try await Self.sequence(of: chat, at: cursor.position, transaction)
            }
        var query = Query(Self.columns)
        query.add(" WHERE chat = " + query.parameter(.integer(chat)))
        query.add(" AND sequence > " + query.parameter(.integer(start)))
        let last = filter.isSelective ? try await Self.lastSequence(chat, transaction) : 0
        let end = start + Self.windowMin
        if filter.isSelective { query.add(" AND sequence <= " + query.parameter(.integer(end))) }
        filter.addConditions(to: &query)
        query.add(" ORDER BY sequence LIMIT " + query.parameter(.integer(Int64(limit))))
        let (events, isCut) = try await Self.firstEvents(query, limit: limit, transaction)
        if isCut, let event = events.last {
            let cursor = ReadCursor(position: event.position, sequence: event.sequence)
            return EventPage(events: events, cursor: cursor, isAtEnd: event.position == head)
        }
        if filter.isSelective, end < last {
            // The chat goes on, and so does the position: the reader must not be taken for one at the end.
            let position = events.last?.position ?? cursor.position
            return EventPage(events: events, cursor: ReadCursor(position: position, sequence: end))
        }
        let sequence = filter.isSelective ? max(start, last) : events.last?.sequence ?? start
        return EventPage(
            events: events, cursor: ReadCursor(position: head, sequence: sequence), isAtEnd: true)
    }

    /// Throws when retention has taken something that the reader would have got.
    private func checkKept(after cursor: ReadCursor, _ transaction: any ReadTransaction) async throws {
        if case .chat(let chat) = filter.path {
            let floor = try await transaction.first(
                "SELECT sequence FROM chat_floors WHERE chat = $1 AND position > $2",
                [.integer(chat), .integer(cursor.position.number)]
            ) { try $0.integer(0) }
            guard let floor else { return }
            let oldest = try await transaction.first(
                "SELECT position FROM events WHERE chat = $1 AND sequence > $2 ORDER BY sequence LIMIT 1",
                [.integer(chat), .integer(floor)]
            ) { Position(try $0.integer(0)) }
            if let oldest { throw LogError.cursorExpired(oldest: oldest) }
            throw LogError.cursorExpired(oldest: try await Self.head(transaction) + 1)
        }
        let expired = try await expiredThrough(transaction)
        if cursor.position < expired { throw LogError.cursorExpired(oldest: expired + 1) }
    }

    /// Up to where retention has taken something that the filter lets pass.
    func expiredThrough(_ transaction: any ReadTransaction) async throws -> Position {
        // An event must be in all scopes, so what went from one of them alone is no loss.
        var expired = try await Self.expiredThrough(filter.scope, transaction)
        for scope in filter.granted where scope != filter.scope && expired > .zero {
            expired = min(expired, try await Self.expiredThrough(scope, transaction))
        }
        return expired
    }

    private static func expiredThrough(
        _ scope: EventFilter.Scope, _ transaction: any ReadTransaction
    ) async throws -> Position {
        var query = Query(
            "SELECT coalesce(max(position), 0) FROM (SELECT expired_through AS position FROM log_retention")
        if case .of(let chats, let sources) = scope {
            query.add(" WHERE source" + query.isAmong(.texts(sources.map(\.text).sorted())))
            query.add(" UNION ALL SELECT position FROM chat_floors WHERE chat")
            query.add(query.isAmong(.integers(chats.sorted())))
        }
        query.add(") AS expired")
        return Position(try await transaction.first(query.sql, query.parameters) { try $0.integer(0) } ?? 0)
    }
}
