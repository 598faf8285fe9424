import Base
import HTTPServer
import Kernel
import Store
package import Wire

/// Reads the tables of chats, users and messages, within what a caller may see.
package enum ChatStore {
    /// A chat as the API shows it.
    package struct Chat: Sendable {
        let id: Int64
        let type: String?
        let title: String?
        let username: String?
        let firstName: String?
        let lastName: String?
        let migratedTo: Int64?
        let migratedFrom: Int64?
        var cursor = Position.zero
        var lastAt: Timestamp?
        var sources: [(source: String, status: String?)] = []
    }

    /// A message by where its event stands, with what has become of it.
    struct Found: Sendable {
        let id: Int64
        let sequence: Int64
        let position: Position
        let state: MessageState
    }

    /// Where a page ends: a sequence of the chat, where there is one, and the row, as an album of ours shares a sequence.
    struct Place: Sendable {
        var sequence: Int64?
        var row: Int64

        /// The place as a cursor.
        var text: String { sequence.map { "\($0).\(row)" } ?? "\(row)" }
    }

    /// What is asked of messages.
    struct MessageQuery: Sendable {
        var chat: Int64?
        var source: Source?
        var since: Timestamp?
        var until: Timestamp?
        var sender: Int64?
        var kinds: Set<String> = []
        var words: String?
        /// Behind it, from the latest back.
        var before: Place?
        var limit: Int
        var granted: [EventFilter.Scope]

        /// Whether they come in the order of their chat.
        var isInSequence: Bool { chat != nil && words == nil }
    }

    static func chats(
        after id: Int64?, limit: Int, only chat: Int64? = nil, source: Source? = nil,
        granted: [EventFilter.Scope], in transaction: any ReadTransaction
    ) async throws -> [Chat] {
        var query = Query(
            """
            SELECT id, type, title, username, first_name, last_name, migrated_to, migrated_from
            FROM projected_chats AS chat WHERE 1 = 1
            """)
        if let id { query.add(" AND id > " + query.parameter(.integer(id))) }
        if let chat { query.add(" AND id = " + query.parameter(.integer(chat))) }
        if let source {
            query.add(" AND EXISTS (SELECT 1 FROM projected_chat_sources AS seen WHERE seen.chat = chat.id")
            query.add(" AND seen.source = " + query.parameter(.text(source.text)) + ")")
        }
        for case .of(let chats, let sources) in granted {
            query.add(" AND (id" + query.isAmong(.integers(chats.sorted())))
            query.add(" OR EXISTS (SELECT 1 FROM projected_chat_sources AS seen WHERE seen.chat = chat.id")
            query.add(" AND seen.source" + query.isAmong(.texts(sources.map(\.text).sorted())) + "))")
        }
        query.add(" ORDER BY id LIMIT " + query.parameter(.integer(Int64(limit))))
        var found = try await transaction.all(query.sql, query.parameters) { row in
            Chat(
                id: try row.integer(0), type: try row.optionalText(1), title: try row.optionalText(2),
                username: try row.optionalText(3), firstName: try row.optionalText(4),
                lastName: try row.optionalText(5), migratedTo: try row.optionalInteger(6),
                migratedFrom: try row.optionalInteger(7))
        }
        let places = Dictionary(found.enumerated().map { ($1.id, $0) }) { first, _ in first }
        try await transaction.query(
            "SELECT chat, source, status FROM projected_chat_sources WHERE chat" + .isAmong(1)
                + " ORDER BY chat, source",
            [.integers(found.map(\.id))]
        ) { row in
            guard let place = places[try row.integer(0)] else { return }
            found[place].sources.append((try row.text(1), try row.optionalText(2)))
        }
        for last in try await EventLog.latest(of: found.map(\.id), in: transaction) {
            guard let place = places[last.chat] else { continue }
            (found[place].cursor, found[place].lastAt) = (last.position, last.recordedAt)
        }
        return found
    }

    /// Messages, the latest first.
    static func messages(_ wanted: MessageQuery, in transaction: any ReadTransaction) async throws -> [Found]
    {
        var query = Query(
            """
            SELECT found.id, found.sequence, found.position, found.edited_at, found.deleted_at, found.is_outgoing,
                found.message
            FROM projected_messages AS found
            """)
        if let words = wanted.words {
            if transaction.dialect == .sqlite {
                query.add(" JOIN projected_messages_text AS words ON words.rowid = found.id")
                query.add(
                    " WHERE projected_messages_text MATCH " + query.parameter(.text(Self.expression(words))))
            } else {
                query.add(
                    " WHERE found.search @@ plainto_tsquery('simple', " + query.parameter(.text(words)) + ")")
            }
        } else {
            query.add(" WHERE 1 = 1")
        }
        if let chat = wanted.chat { query.add(" AND found.chat = " + query.parameter(.integer(chat))) }
        if let source = wanted.source {
            query.add(" AND found.source = " + query.parameter(.text(source.text)))
        }
        if let time = wanted.since {
            query.add(" AND found.sent_at >= " + query.parameter(.integer(time.milliseconds)))
        }
        if let time = wanted.until {
            query.add(" AND found.sent_at < " + query.parameter(.integer(time.milliseconds)))
        }
        if let sender = wanted.sender {
            query.add(" AND found.sender = " + query.parameter(.integer(sender)))
        }
        if !wanted.kinds.isEmpty {
            query.add(" AND found.kind" + query.isAmong(.texts(wanted.kinds.sorted())))
        }
        for case .of(let chats, let sources) in wanted.granted {
            query.add(" AND (found.chat" + query.isAmong(.integers(chats.sorted())))
            query.add(" OR found.source" + query.isAmong(.texts(sources.map(\.text).sorted())) + ")")
        }
        let row = SQL(sqlite: "found.rowid", postgres: "found.id")
        if let before = wanted.before {
            if let sequence = before.sequence {
                let parameter = query.parameter(.integer(sequence))
                query.add(
                    " AND found.sequence <= " + parameter + " AND (found.sequence < " + parameter + " OR ")
                query.add(row + " < " + query.parameter(.integer(before.row)) + ")")
            } else {
                query.add(" AND " + row + " < " + query.parameter(.integer(before.row)))
            }
        }
        query.add(" ORDER BY " + (wanted.isInSequence ? "found.sequence DESC, " : ""))
        query.add(row + " DESC LIMIT " + query.parameter(.integer(Int64(wanted.limit))))
        return try await transaction.all(query.sql, query.parameters) { row in
            Found(
                id: try row.integer(0), sequence: try row.integer(1), position: Position(try row.integer(2)),
                state: MessageState(
                    editedAt: try row.optionalInteger(3).map { Timestamp(milliseconds: $0) },
                    deletedAt: try row.optionalInteger(4).map { Timestamp(milliseconds: $0) },
                    isOutgoing: try row.flag(5), message: try row.integer(6)))
        }
    }

    /// The words of a search as FTS5 takes them: each for itself, none of them an operator.
    private static func expression(_ words: String) -> String {
        words.split { $0 == " " || $0 == "\n" || $0 == "\t" }
            .map { "\"" + $0.replacing("\"", with: "\"\"") + "\"" }.joined(separator: " ")
    }
}

extension ChatStore.Chat: JSONWritable {
    /// The chat as a line for people.
    package var line: String {
        let name = title ?? [firstName, lastName].compactMap(\.self).joined(separator: " ")
        return "\(id)  \(type ?? "?")  \(name)\(username.map { "  @\($0)" } ?? "")  \(lastAt?.rfc3339 ?? "")"
    }

    /// Writes the object.
    package func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", "\(id)")
            $0.field("type", type)
            $0.field("title", title)
            $0.field("username", username)
            $0.field("firstName", firstName)
            $0.field("lastName", lastName)
            $0.field("migratedTo", migratedTo.map { "\($0)" })
            $0.field("migratedFrom", migratedFrom.map { "\($0)" })
            $0.field("cursor", "\(cursor.number)")
            $0.field("lastActivityAt", lastAt?.rfc3339)
            $0.key("sources")
            $0.array {
                for (source, status) in sources {
                    $0.object {
                        $0.field("source", source)
                        $0.field("status", status)
                    }
                }
            }
        }
    }

    static let schema = Schema.named(
        "Chat",
        .object([
            .init("id", .string()), .init("type", .nullable(.string())), .init("title", .nullable(.string())),
            .init("username", .nullable(.string())), .init("firstName", .nullable(.string())),
            .init("lastName", .nullable(.string())),
            .init("migratedTo", .nullable(.string()), "The supergroup that the group has become."),
            .init("migratedFrom", .nullable(.string())),
            .init("cursor", .string(), "The last event of the chat when this was read."),
            .init("lastActivityAt", .nullable(.string(format: "date-time"))),
            .init(
                "sources",
                .array(.object([.init("source", .string()), .init("status", .nullable(.string()))])),
                "The bots and accounts through which the chat is seen."),
        ]))
}
