package import Store

/// The table of programs that use the Bot API endpoint, one row for each key and bot.
package enum FacadeSchema {
    /// The table; the number is its place among all steps.
    package static func migration(_ number: Int) -> Migration {
        Migration(
            number, "programs on the Bot API endpoint",
            up: [
                "CREATE TABLE bot_programs (id TEXT PRIMARY KEY, key_id TEXT NOT NULL, bot_id BIGINT NOT NULL, "
                    + "allowed_updates TEXT, url TEXT, secret " + SQL(sqlite: "BLOB", postgres: "BYTEA")
                    + ", connections INTEGER NOT NULL, last_error TEXT, last_error_at BIGINT, "
                    + "revision BIGINT NOT NULL)"
            ], down: ["DROP TABLE bot_programs"])
    }
}
