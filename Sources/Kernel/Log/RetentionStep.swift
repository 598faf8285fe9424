import Base
import Store

/// One small transaction of a sweep.
struct RetentionStep: Sendable {
    let source: String
    let before: Timestamp
    let count: Int

    /// Deletes the oldest events of the source, and remembers through which position and sequences it did.
    func delete(_ transaction: any Transaction) async throws -> Int {
        let expired = try await through("expired_through", transaction)
        let rows = try await transaction.all(
            "SELECT position, chat, sequence, recorded_at FROM events"
                + " WHERE source = $1 AND position > $2 ORDER BY position LIMIT $3",
            [.text(source), .integer(expired), .integer(Int64(count))]
        ) { row in
            (
                position: try row.integer(0), chat: try row.optionalInteger(1), sequence: try row.integer(2),
                time: Timestamp(milliseconds: try row.integer(3))
            )
        }.prefix { $0.time < before }
        guard let last = rows.last else { return 0 }
        // The rows are in the order of their positions, so that the last of a chat counts.
        var floors: [Int64: (sequence: Int64, position: Int64)] = [:]
        for row in rows { if let chat = row.chat { floors[chat] = (row.sequence, row.position) } }
        for (chat, floor) in floors.sorted(by: { $0.key < $1.key }) {
            try await transaction.execute(
                """
                INSERT INTO chat_floors (chat, sequence, position) VALUES ($1, $2, $3)
                ON CONFLICT (chat) DO UPDATE SET sequence = excluded.sequence, position = excluded.position
                WHERE excluded.sequence > chat_floors.sequence
                """, [.integer(chat), .integer(floor.sequence), .integer(floor.position)])
        }
        try await transaction.execute(
            "DELETE FROM events WHERE position" + .isAmong(1), [.integers(rows.map(\.position))])
        try await remember("expired_through", last.position, transaction)
        return rows.count
    }

    /// Takes the payload from the oldest events of the source that still have one.
    func strip(_ transaction: any Transaction) async throws -> Int {
        let stripped = try await through("stripped_through", transaction)
        let rows = try await transaction.all(
            "SELECT position, recorded_at FROM events WHERE source = $1 AND position > $2 ORDER BY position LIMIT $3",
            [.text(source), .integer(stripped), .integer(Int64(count))]
        ) { (position: try $0.integer(0), time: Timestamp(milliseconds: try $0.integer(1))) }
        .prefix { $0.time < before }
        guard let last = rows.last else { return 0 }
        try await transaction.execute(
            "UPDATE events SET payload = NULL WHERE position" + .isAmong(1), [.integers(rows.map(\.position))]
        )
        try await remember("stripped_through", last.position, transaction)
        return rows.count
    }

    private func through(_ column: SQL, _ transaction: any ReadTransaction) async throws -> Int64 {
        try await transaction.first(
            "SELECT " + column + " FROM log_retention WHERE source = $1", [.text(source)]
        ) { try $0.integer(0) } ?? 0
    }

    private func remember(_ column: SQL, _ position: Int64, _ transaction: any Transaction) async throws {
        try await transaction.execute(
            "INSERT INTO log_retention (source, content, " + column + ") VALUES ($1, 'default', $2)"
                + " ON CONFLICT (source) DO UPDATE SET " + column + " = excluded." + column
                // Another node's sweep may be further.
                + " WHERE excluded." + column + " > log_retention." + column,
            [.text(source), .integer(position)])
    }
}
