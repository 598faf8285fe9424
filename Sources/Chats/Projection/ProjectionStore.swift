import Base
import Kernel
import Store

/// Writes what events say into the tables of chats, users and messages.
enum ProjectionStore {
    /// How far of the log is in the tables; nobody else writes until the transaction has ended.
    static func through(_ transaction: any ReadTransaction) async throws -> Position {
        let position = try await transaction.first(
            "SELECT position FROM projected_through" + SQL(sqlite: "", postgres: " FOR UPDATE")
        ) { Position(try $0.integer(0)) }
        return position ?? .zero
    }

    static func setThrough(_ position: Position, in transaction: any Transaction) async throws {
        try await transaction.execute(
            "UPDATE projected_through SET position = $1", [.integer(position.number)])
    }

    /// Writes what `memory` does not know to be there already.
    static func write(_ facts: Facts, _ memory: ProjectionMemory, in transaction: any Transaction)
        async throws
    {
        for (id, chat) in facts.chats.sorted(by: { $0.key < $1.key }) where memory.chats[id] != chat {
            try await write(chat, id, in: transaction)
        }
        for (seen, status) in facts.sources where status != nil || !memory.sources.contains(seen) {
            try await transaction.execute(
                """
                INSERT INTO projected_chat_sources (chat, source, status) VALUES ($1, $2, $3)
                ON CONFLICT (chat, source) DO UPDATE SET status = excluded.status WHERE excluded.status IS NOT NULL
                """, [.integer(seen.chat), .text(seen.source.text), .text(status)])
        }
        for (id, user) in facts.users.sorted(by: { $0.key < $1.key }) where memory.users[id] != user {
            try await write(user, id, in: transaction)
        }
        for change in facts.changes {
            switch change {
            case .message(let message): try await write(message, in: transaction)
            case .deletion(let deletion): try await write(deletion, in: transaction)
            }
        }
    }

    private static func write(_ deletion: Facts.Deletion, in transaction: any Transaction) async throws {
        try await transaction.execute(
            "UPDATE projected_messages SET deleted_at = $1 WHERE source = $2 AND chat = $3 AND message"
                + .isAmong(4),
            [
                .integer(deletion.at.milliseconds), .text(deletion.source.text),
                .integer(deletion.chat), .integers(deletion.messages),
            ])
    }

    private static func write(_ chat: Facts.Chat, _ id: Int64, in transaction: any Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO projected_chats AS old (id, type, title, username, first_name, last_name, migrated_to,
                migrated_from) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)
            ON CONFLICT (id) DO UPDATE SET type = coalesce(excluded.type, old.type), title = excluded.title,
                username = excluded.username, first_name = excluded.first_name, last_name = excluded.last_name,
                migrated_to = coalesce(excluded.migrated_to, old.migrated_to),
                migrated_from = coalesce(excluded.migrated_from, old.migrated_from)
            """,
            [
                .integer(id), .text(chat.type), .text(chat.title), .text(chat.username),
                .text(chat.firstName), .text(chat.lastName), .integer(chat.migratedTo),
                .integer(chat.migratedFrom),
            ])
    }

    private static func write(_ user: Facts.User, _ id: Int64, in transaction: any Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO projected_users (id, is_bot, first_name, last_name, username, language)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (id) DO UPDATE SET is_bot = excluded.is_bot, first_name = excluded.first_name,
                last_name = excluded.last_name, username = excluded.username, language = excluded.language
            """,
            [
                .integer(id), .flag(user.isBot), .text(user.firstName), .text(user.lastName),
                .text(user.username), .text(user.language),
            ])
    }

    private static func write(_ message: Facts.Message, in transaction: any Transaction) async throws {
        let isSQLite = transaction.dialect == .sqlite
        var parameters: [Value] = [
            .text(message.source.text), .integer(message.chat), .integer(message.message),
            .integer(message.sequence), .integer(message.position.number), .integer(message.sender),
            .integer(message.sentAt.milliseconds), .integer(message.editedAt?.milliseconds),
            .text(message.kind), .flag(message.text != nil), .flag(message.isOutgoing),
        ]
        if !isSQLite { parameters.append(.text(message.text)) }
        let id = try await transaction.first(upsert, parameters) { try $0.integer(0) }
        guard isSQLite, let id else { return }
        if let text = message.text {
            try await transaction.execute(
                "INSERT OR REPLACE INTO projected_messages_text (rowid, text) VALUES ($1, $2)",
                [.integer(id), .text(text)])
        } else {
            try await transaction.execute(
                "DELETE FROM projected_messages_text WHERE rowid = $1", [.integer(id)])
        }
    }

    // A message that we sent may come in again as an update, and stays ours.
    private static let upsert: SQL =
        """
        INSERT INTO projected_messages AS old (source, chat, message, sequence, position, sender, sent_at, edited_at, kind,
            has_text, is_outgoing
        """ + SQL(sqlite: "", postgres: ", search") + ") VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11"
        + SQL(sqlite: "", postgres: ", to_tsvector('simple', $12::text)")
            + """
            ) ON CONFLICT (source, chat, message) DO UPDATE SET position = excluded.position,
                edited_at = excluded.edited_at, kind = excluded.kind, has_text = excluded.has_text,
                sender = coalesce(excluded.sender, old.sender)
            """ + SQL(sqlite: "", postgres: ", search = excluded.search") + " RETURNING id"

    /// Empties the tables, so that they are made anew.
    static func clear(in transaction: any Transaction) async throws {
        // Whoever writes a page meanwhile is waited for, and the next one sees that there is nothing.
        _ = try await through(transaction)
        if transaction.dialect == .sqlite {
            try await transaction.execute("DELETE FROM projected_messages_text")
        }
        for table: SQL in [
            "projected_messages", "projected_users", "projected_chat_sources", "projected_chats",
        ] {
            try await transaction.execute("DELETE FROM " + table)
        }
        try await setThrough(.zero, in: transaction)
    }

    /// Takes from the tables what retention has taken from the log; returns how many messages that were.
    static func followRetention(in transaction: any Transaction) async throws -> Int {
        let taken = try await transaction.all(
            "SELECT source, expired_through, stripped_through FROM log_retention"
        ) { (source: try $0.text(0), expired: try $0.integer(1), stripped: try $0.integer(2)) }
        // A message that is edited just now is as old as its edit; the projector must not be writing that.
        if !taken.isEmpty { _ = try await through(transaction) }
        var count = 0
        for row in taken where count < stepMax {
            let gone = try await ids(of: row.source, through: row.expired, "", transaction)
            try await forgetText(of: gone, transaction)
            try await transaction.execute(
                "DELETE FROM projected_messages WHERE id" + .isAmong(1), [.integers(gone)])
            let stripped = try await ids(
                of: row.source, through: row.stripped, " AND has_text = 1", transaction)
            try await forgetText(of: stripped, transaction)
            try await transaction.execute(
                "UPDATE projected_messages SET has_text = 0" + SQL(sqlite: "", postgres: ", search = NULL")
                    + " WHERE id" + .isAmong(1), [.integers(stripped)])
            count += gone.count + stripped.count
        }
        return count
    }

    private static func ids(
        of source: String, through position: Int64, _ condition: SQL, _ transaction: any ReadTransaction
    ) async throws -> [Int64] {
        try await transaction.all(
            "SELECT id FROM projected_messages WHERE source = $1 AND position <= $2" + condition
                + " ORDER BY position LIMIT $3",
            [.text(source), .integer(position), .integer(Int64(stepMax))]
        ) { try $0.integer(0) }
    }

    private static func forgetText(of ids: [Int64], _ transaction: any Transaction) async throws {
        guard transaction.dialect == .sqlite else { return }
        try await transaction.execute(
            "DELETE FROM projected_messages_text WHERE rowid" + .isAmong(1), [.integers(ids)])
    }

    static let stepMax = 500
}
