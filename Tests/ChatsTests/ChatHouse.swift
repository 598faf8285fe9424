import Base
import Bots
import Kernel
import Store
import StoreTesting
import Testing
import Wire

@testable import Chats

/// A log and the tables that are made of it, over a fresh database.
struct ChatHouse: Sendable {
    let database: any Database
    let log: EventLog
    let projector: ChatProjector
    let chats: Chats

    static let bot = Source.bot(42)

    static func open(_ backend: Backend = .sqlite, _ body: (ChatHouse) async throws -> Void) async throws {
        try await withDatabase(backend) { database in
            try await Migrator(database, [LogSchema.migration, ChatsSchema.migration(2)]).up()
            let log = try await EventLog(database)
            let house = ChatHouse(
                database: database, log: log,
                projector: ChatProjector(database, log, metrics: Metrics(), logger: .silent),
                chats: Chats(database, log))
            do { try await body(house) } catch {
                log.close()
                throw error
            }
            log.close()
        }
    }

    /// Somebody with these bounds; without any they see everything.
    static func caller(_ scopes: [EventFilter.Scope] = []) -> Caller {
        let bounds = ChatReach.Bounds(scopes)
        return Caller(
            userID: 1, userName: "ada", credential: .token, roles: [], permissions: Permission.all,
            reach: ChatReach(read: bounds, send: bounds, manage: bounds))
    }

    // MARK: Events

    /// Has updates come in, given as what stands beside `update_id`.
    func receive(_ updates: String..., from bot: Int64 = 42) async throws {
        for update in updates {
            let json = Bytes(#"{"update_id":\#(Int64.random(in: 1...(1 << 50))),\#(update)}"#)
            _ = try await log.append([try Update(JSON.parse(json).root).draft(of: bot, payload: json)])
        }
    }

    static func message(
        _ id: Int64, _ text: String, chat: Int64 = 5, from: Int64 = 7, date: Int64 = 1_700_000_000,
        as kind: String = "message", more: String = ""
    ) -> String {
        #""\#(kind)":{"message_id":\#(id),"date":\#(date),"text":"\#(text)","from":{"id":\#(from),"is_bot":false,"#
            + #""first_name":"Ada"},"chat":{"id":\#(chat),"type":"group","title":"G\#(chat)"}\#(more)}"#
    }

    /// Has a send of ours be done.
    func sent(_ payload: String, chat: Int64 = 5, message: Int64? = nil) async throws {
        _ = try await log.append([
            EventDraft(
                source: Self.bot, kind: "send.sent", chat: chat, sender: 42, message: message,
                payload: Bytes(payload))
        ])
    }

    // MARK: Reading

    /// The messages of a chat as the API shows them, the latest first.
    func history(
        _ chat: Int64 = 5, by caller: Caller = ChatHouse.caller(), limit: Int = 100,
        _ change: (inout ChatStore.MessageQuery) -> Void = { _ in }
    ) async throws -> [JSONValue] {
        var query = ChatStore.MessageQuery(limit: limit, granted: caller.reach.read.scopes)
        query.chat = chat
        change(&query)
        return try await chats.messages(query).messages.map { try Self.json($0) }
    }

    static func json(_ value: some JSONWritable) throws -> JSONValue {
        var writer = JSONWriter()
        value.write(to: &writer)
        return JSONValue(try JSON.parse(writer.finish()).root)
    }

    func chat(_ id: Int64, by caller: Caller = ChatHouse.caller()) async throws -> JSONValue {
        try Self.json(try await chats.chat(id, for: caller))
    }

    /// All rows of the tables, but for what numbers the database has given.
    func rows() async throws -> [String] {
        try await database.read { transaction in
            var rows: [String] = []
            for sql in Self.dumps {
                rows += try await transaction.all(sql) { try $0.optionalText(0) ?? "NULL" }
            }
            if transaction.dialect == .sqlite {
                rows += try await transaction.all(
                    """
                    SELECT m.message || ' ' || t.text FROM projected_messages_text AS t
                    JOIN projected_messages AS m ON m.id = t.rowid ORDER BY m.source, m.chat, m.message
                    """
                ) { try $0.text(0) }
            } else {
                rows += try await transaction.all(
                    "SELECT message || ' ' || search::text FROM projected_messages ORDER BY source, chat, message"
                ) { try $0.optionalText(0) ?? "NULL" }
            }
            return rows
        }
    }

    private static let dumps: [SQL] = [
        """
        SELECT id || '|' || coalesce(type, '-') || '|' || coalesce(title, '-') || '|' || coalesce(username, '-')
            || '|' || coalesce(first_name, '-') || '|' || coalesce(migrated_to, 0) || '|' || coalesce(migrated_from, 0)
        FROM projected_chats ORDER BY id
        """,
        """
        SELECT chat || '|' || source || '|' || coalesce(status, '-') FROM projected_chat_sources
        ORDER BY chat, source
        """,
        """
        SELECT id || '|' || is_bot || '|' || coalesce(first_name, '-') || '|' || coalesce(username, '-')
        FROM projected_users ORDER BY id
        """,
        """
        SELECT source || '|' || chat || '|' || message || '|' || sequence || '|' || position || '|'
            || coalesce(sender, 0) || '|' || sent_at || '|' || coalesce(edited_at, 0) || '|' || kind || '|'
            || has_text || '|' || is_outgoing || '|' || coalesce(deleted_at, 0)
        FROM projected_messages ORDER BY source, chat, message
        """,
    ]
}
