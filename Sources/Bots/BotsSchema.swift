package import Store

/// The tables of bots.
package enum BotsSchema {
    /// The tables; the number is its place among all steps.
    package static func migration(_ number: Int) -> Migration {
        Migration(number, "bots", up: up, down: ["DROP TABLE bots_version", "DROP TABLE bots"])
    }

    private static let bytes = SQL(sqlite: "BLOB", postgres: "BYTEA")

    private static let up: [SQL] = [
        "CREATE TABLE bots (id BIGINT PRIMARY KEY, username TEXT NOT NULL, username_lower TEXT NOT NULL UNIQUE, "
            + "display_name TEXT NOT NULL, mode TEXT NOT NULL, is_paused INTEGER NOT NULL, state TEXT NOT NULL, "
            + "reason TEXT, state_at BIGINT NOT NULL, last_update_at BIGINT, pending BIGINT, last_error TEXT, "
            + "last_error_at BIGINT, token " + bytes + " NOT NULL, webhook_secret " + bytes
            + " NOT NULL, created_at BIGINT NOT NULL, updated_at BIGINT NOT NULL)",
        // Grows with every change, so that nodes see at a glance whether what they remember is still so.
        "CREATE TABLE bots_version (id INTEGER PRIMARY KEY CHECK (id = 1), version BIGINT NOT NULL)",
        "INSERT INTO bots_version (id, version) VALUES (1, 1)",
    ]
}
