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

    static func write(_ facts: Facts, in transaction: any Transaction) async throws {
        for (id, chat) in facts.chats.sorted(by: { $0.key < $1.key }) {
            try await write(chat, id, in: transaction)
        }
        for (seen, status) in facts.sources {
            try await transaction.execute(
                """
                INSERT INTO projected_chat_sources (chat, source, status) VALUES ($1, $2, $3)
                ON CONFLICT (chat, source) DO UPDATE SET status = excluded.status WHERE excluded.status IS NOT NULL
                """, [.integer(seen.chat), .text(seen.source.text), .text(status)])
        }
        for (id, user) in facts.users.sorted(by: { $0.key < $1.key }) {
            try await write(user, id, in: transaction)
        }
        for message in facts.messages { try await write(message, in: transaction) }
        for deletion in facts.deletions {
            try await transaction.execute(
                "UPDATE projected_messages SET deleted_at = $1 WHERE source = $2 AND chat = $3 AND message"
                    + .isAmong(4),
                [
                    .integer(deletion.at.milliseconds), .text(deletion.source.text),
                    .integer(deletion.chat), .integers(deletion.messages),
                ])
        }
    }

    private static func write(_ chat: Facts.Chat, _ id: Int64, in transaction: any Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO projected_chats AS old (id, type, title, username, first_name, last_name, migrated_to,
                migrated_from, last_position, last_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
            ON CONFLICT (id) DO UPDATE SET type = coalesce(excluded.type, old.type), title = excluded.title,
                username = excluded.username, first_name = excluded.first_name, last_name = excluded.last_name,
                migrated_to = coalesce(excluded.migrated_to, old.migrated_to),
                migrated_from = coalesce(excluded.migrated_from, old.migrated_from),
                last_position = excluded.last_position, last_at = excluded.last_at
            """,
            [
                .integer(id), .text(chat.type), .text(chat.title), .text(chat.username),
                .text(chat.firstName), .text(chat.lastName), .integer(chat.migratedTo),
                .integer(chat.migratedFrom), .integer(chat.position.number), .integer(chat.at.milliseconds),
            ])
    }

    private static func write(_ user: Facts.User, _ id: Int64, in transaction: any Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO projected_users (id, is_bot, first_name, last_name, username, language, seen_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (id) DO UPDATE SET is_bot = excluded.is_bot, first_name = excluded.first_name,
                last_name = excluded.last_name, username = excluded.username, language = excluded.language,
                seen_at = excluded.seen_at
            """,
            [
                .integer(id), .flag(user.isBot), .text(user.firstName), .text(user.lastName),
                .text(user.username), .text(user.language), .integer(user.seenAt.milliseconds),
            ])
    }

    private static func write(_ message: Facts.Message, in transaction: any Transaction) async throws {
        // A message that we sent may come in again as an update, and stays ours.
        try await transaction.execute(
            """
            INSERT INTO projected_messages AS old (source, chat, message, sequence, position, sender, sent_at, edited_at,
                kind, text, is_outgoing) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            ON CONFLICT (source, chat, message) DO UPDATE SET position = excluded.position,
                edited_at = excluded.edited_at, kind = excluded.kind, text = excluded.text,
                sender = coalesce(excluded.sender, old.sender)
            """,
            [
                .text(message.source.text), .integer(message.chat), .integer(message.message),
                .integer(message.sequence), .integer(message.position.number), .integer(message.sender),
                .integer(message.sentAt.milliseconds), .integer(message.editedAt?.milliseconds),
                .text(message.kind), .text(message.text), .flag(message.isOutgoing),
            ])
    }

    /// Empties the tables, so that they are made anew.
    static func clear(in transaction: any Transaction) async throws {
        for table: SQL in [
            "projected_messages", "projected_users", "projected_chat_sources", "projected_chats",
        ] {
            try await transaction.execute("DELETE FROM " + table)
        }
        try await setThrough(.zero, in: transaction)
    }

    /// Takes from the tables what retention has taken from the log; returns how many rows that were.
    static func followRetention(in transaction: any Transaction) async throws -> Int {
        let taken = try await transaction.all(
            "SELECT source, expired_through, stripped_through FROM log_retention"
        ) { (source: try $0.text(0), expired: try $0.integer(1), stripped: try $0.integer(2)) }
        var count = 0
        for row in taken where count < Self.stepMax {
            let limit = Value.integer(Int64(Self.stepMax))
            count += try await transaction.execute(
                """
                DELETE FROM projected_messages WHERE id IN (SELECT id FROM projected_messages
                    WHERE source = $1 AND position <= $2 LIMIT $3)
                """, [.text(row.source), .integer(row.expired), limit])
            count += try await transaction.execute(
                """
                UPDATE projected_messages SET text = NULL WHERE id IN (SELECT id FROM projected_messages
                    WHERE source = $1 AND position <= $2 AND text IS NOT NULL LIMIT $3)
                """, [.text(row.source), .integer(row.stripped), limit])
        }
        return count
    }

    static let stepMax = 500
}
