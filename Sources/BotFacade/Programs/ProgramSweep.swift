import Base
import Store

/// Forgets the programs of keys that are good no more: what they asked for, and how far they had come.
///
/// A key that was revoked, has expired or is gone never becomes good again. They stay for a while all the same, so that
/// somebody can still look at what a program had.
struct ProgramSweep: Sendable {
    let database: any Database
    let clocks: Clocks
    /// Rows that one transaction takes.
    var stepMax = 500

    /// How long a program outlives its key.
    private static let keptFor = Duration.seconds(7 * 86_400)

    /// Forgets all there are, in steps between which others write; returns how many rows went.
    @discardableResult
    func run() async throws -> Int {
        let cut = clocks.now - Self.keptFor
        var count = 0
        for statement in Self.statements {
            while true {
                try Task.checkCancellation()
                let parameters: [Value] = [.integer(cut.milliseconds), .integer(Int64(stepMax))]
                let gone = try await database.write { try await $0.execute(statement, parameters) }
                count += gone
                guard gone == stepMax else { break }
            }
        }
        return count
    }

    private static let statements: [SQL] = [
        "DELETE FROM bot_programs WHERE id IN (SELECT id FROM bot_programs WHERE "
            + isOver("bot_programs.key_id")
            + " LIMIT $2)",
        // `bot-api:KEY:BOT`; a key's name has 16 characters.
        "DELETE FROM cursors WHERE name IN (SELECT name FROM cursors WHERE name LIKE 'bot-api:%' AND "
            + isOver("substr(cursors.name, 9, 16)") + " LIMIT $2)",
        // `hook:KEY:BOT`, the lease of its deliveries.
        "DELETE FROM leases WHERE name IN (SELECT name FROM leases WHERE name LIKE 'hook:%' AND expires_at < $1 AND "
            + isOver("substr(leases.name, 6, 16)") + " LIMIT $2)",
    ]

    /// The condition that a column, named with its table, names a key which has not been good for long; users are none.
    private static func isOver(_ column: SQL) -> SQL {
        column + " NOT LIKE 'user:%' AND NOT EXISTS (SELECT 1 FROM api_keys WHERE api_keys.id = " + column
            + " AND (revoked_at IS NULL OR revoked_at > $1) AND (expires_at IS NULL OR expires_at > $1))"
    }
}
