import Base
import Kernel
import Store

/// The rows of bots.
enum BotStore {
    /// A bot with what only the registry needs.
    struct Record: Sendable {
        var bot: Bot
        let sealedToken: Bytes
        let sealedSecret: Bytes
    }

    static let tokenColumn = SealedColumn(table: "bots", id: "id", kind: .integer, column: "token")
    static let secretColumn = SealedColumn(table: "bots", id: "id", kind: .integer, column: "webhook_secret")

    private static let columns: SQL = """
        SELECT id, username, display_name, mode, is_paused, state, reason, state_at, last_update_at, pending,
            last_error, last_error_at, created_at, updated_at, token, webhook_secret FROM bots
        """

    private static func read(_ row: borrowing Row) throws -> Record {
        guard let mode = Bot.Mode(rawValue: try row.text(3)), let state = Bot.State(rawValue: try row.text(5))
        else { throw StoreError(.corrupt, "a bot has an unknown mode or state") }
        let bot = Bot(
            id: try row.integer(0), username: try row.text(1), displayName: try row.text(2), mode: mode,
            isPaused: try row.flag(4), state: state, reason: try row.optionalText(6),
            stateAt: Timestamp(milliseconds: try row.integer(7)),
            lastUpdateAt: try row.optionalInteger(8).map { Timestamp(milliseconds: $0) },
            pending: try row.optionalInteger(9).map { Int($0) }, lastError: try row.optionalText(10),
            lastErrorAt: try row.optionalInteger(11).map { Timestamp(milliseconds: $0) },
            createdAt: Timestamp(milliseconds: try row.integer(12)),
            updatedAt: Timestamp(milliseconds: try row.integer(13)))
        return Record(bot: bot, sealedToken: try row.bytes(14), sealedSecret: try row.bytes(15))
    }

    static func all(in transaction: any ReadTransaction) async throws -> [Record] {
        try await transaction.all(columns + " ORDER BY id", [], read)
    }

    static func record(_ id: Int64, in transaction: any ReadTransaction) async throws -> Record? {
        try await transaction.first(columns + " WHERE id = $1", [.integer(id)], read)
    }

    /// A bot that is about to be changed: until the transaction ends, nobody else changes it.
    static func locked(_ id: Int64, in transaction: any Transaction) async throws -> Record? {
        try await transaction.first(
            columns + " WHERE id = $1" + SQL(sqlite: "", postgres: " FOR UPDATE"), [.integer(id)], read)
    }

    static func page(after id: Int64, limit: Int, in transaction: any ReadTransaction) async throws -> [Bot] {
        try await transaction.all(
            columns + " WHERE id > $1 ORDER BY id LIMIT $2", [.integer(id), .integer(Int64(limit))], read
        ).map(\.bot)
    }

    static func isNameTaken(_ username: String, by other: Int64, in transaction: any ReadTransaction)
        async throws -> Bool
    {
        try await transaction.first(
            "SELECT id FROM bots WHERE username_lower = $1 AND id <> $2",
            [.text(username.lowercased()), .integer(other)]
        ) { try $0.integer(0) } != nil
    }

    static func insert(_ record: Record, in transaction: any Transaction) async throws {
        let bot = record.bot
        try await transaction.execute(
            """
            INSERT INTO bots (id, username, username_lower, display_name, mode, is_paused, state, reason, state_at,
                token, webhook_secret, created_at, updated_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
            """,
            [
                .integer(bot.id), .text(bot.username), .text(bot.username.lowercased()),
                .text(bot.displayName), .text(bot.mode.rawValue), .flag(bot.isPaused),
                .text(bot.state.rawValue), .text(bot.reason), .integer(bot.stateAt.milliseconds),
                .bytes(record.sealedToken), .bytes(record.sealedSecret), .integer(bot.createdAt.milliseconds),
                .integer(bot.updatedAt.milliseconds),
            ])
        try await bump(transaction)
    }

    /// Writes everything that can change but what was reported and the token.
    static func update(_ bot: Bot, in transaction: any Transaction) async throws {
        try await transaction.execute(
            """
            UPDATE bots SET username = $2, username_lower = $3, display_name = $4, mode = $5, is_paused = $6,
                state = $7, reason = $8, state_at = $9, updated_at = $10 WHERE id = $1
            """,
            [
                .integer(bot.id), .text(bot.username), .text(bot.username.lowercased()),
                .text(bot.displayName), .text(bot.mode.rawValue), .flag(bot.isPaused),
                .text(bot.state.rawValue), .text(bot.reason), .integer(bot.stateAt.milliseconds),
                .integer(bot.updatedAt.milliseconds),
            ])
        try await bump(transaction)
    }

    static func setToken(_ sealed: Bytes, of id: Int64, in transaction: any Transaction) async throws {
        try await transaction.execute(
            "UPDATE bots SET token = $2 WHERE id = $1", [.integer(id), .bytes(sealed)])
        try await bump(transaction)
    }

    static func delete(_ id: Int64, in transaction: any Transaction) async throws -> Bool {
        guard try await transaction.execute("DELETE FROM bots WHERE id = $1", [.integer(id)]) > 0 else {
            return false
        }
        try await bump(transaction)
        return true
    }

    /// Writes down when updates came in last.
    static func noteUpdates(_ times: [Int64: Timestamp], in transaction: any Transaction) async throws {
        for (id, time) in times.sorted(by: { $0.key < $1.key }) {
            try await transaction.execute(
                """
                UPDATE bots SET last_update_at = $2
                WHERE id = $1 AND (last_update_at IS NULL OR last_update_at < $2)
                """, [.integer(id), .integer(time.milliseconds)])
        }
    }

    /// Writes down what Telegram says of a webhook, or what went wrong.
    static func report(
        _ id: Int64, pending: Int?, error: String?, at now: Timestamp, in transaction: any Transaction
    ) async throws {
        try await transaction.execute(
            """
            UPDATE bots SET pending = $2, last_error = coalesce($3, last_error),
                last_error_at = CASE WHEN $3 IS NULL THEN last_error_at ELSE $4 END WHERE id = $1
            """,
            [
                .integer(id), .integer(pending.map(Int64.init)), .text(error),
                .integer(now.milliseconds),
            ])
    }

    static func version(in transaction: any ReadTransaction) async throws -> Int64 {
        try await transaction.first("SELECT version FROM bots_version") { try $0.integer(0) } ?? 0
    }

    private static func bump(_ transaction: any Transaction) async throws {
        try await transaction.execute("UPDATE bots_version SET version = version + 1")
    }
}
