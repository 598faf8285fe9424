package import Store

/// The tables of the log.
package enum LogSchema {
    /// Events, the head, and what retention has taken.
    package static let migration = Migration(
        1, "the log",
        up: [
            // SQLite's rowid is the position: reading on from a position reads neighbouring pages.
            SQL(
                sqlite: """
                    CREATE TABLE events (
                        position INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, occurred_at INTEGER,
                        source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT, chat INTEGER, sequence INTEGER NOT NULL,
                        sender INTEGER, message INTEGER, payload BLOB) STRICT
                    """,
                postgres: """
                    CREATE TABLE events (
                        position BIGINT PRIMARY KEY, recorded_at BIGINT NOT NULL, occurred_at BIGINT,
                        source TEXT NOT NULL, kind TEXT NOT NULL, key TEXT, chat BIGINT, sequence BIGINT NOT NULL,
                        sender BIGINT, message BIGINT, payload BYTEA)
                    """),
            "CREATE UNIQUE INDEX events_by_key ON events (key) WHERE key IS NOT NULL",
            "CREATE UNIQUE INDEX events_by_chat ON events (chat, sequence) WHERE chat IS NOT NULL",
            // An index of SQLite ends with the rowid by itself.
            SQL(
                sqlite: "CREATE INDEX events_by_source ON events (source)",
                postgres: "CREATE INDEX events_by_source ON events (source, position)"),
            // One row: the last position, and when it was given. Whoever appends locks it first.
            """
            CREATE TABLE log_head (
                id INTEGER PRIMARY KEY CHECK (id = 1), position BIGINT NOT NULL, recorded_at BIGINT NOT NULL)
            """,
            "INSERT INTO log_head (id, position, recorded_at) VALUES (1, 0, 0)",
            // Where retention has deleted, sequences must not begin anew.
            """
            CREATE TABLE chat_floors (
                chat BIGINT PRIMARY KEY, sequence BIGINT NOT NULL, position BIGINT NOT NULL)
            """,
            """
            CREATE TABLE log_retention (
                source TEXT PRIMARY KEY, content TEXT NOT NULL, kept_seconds BIGINT,
                expired_through BIGINT NOT NULL DEFAULT 0, stripped_through BIGINT NOT NULL DEFAULT 0)
            """,
            """
            CREATE TABLE cursors (
                name TEXT PRIMARY KEY, position BIGINT NOT NULL, committed_at BIGINT NOT NULL)
            """,
            """
            CREATE TABLE leases (
                name TEXT PRIMARY KEY, holder TEXT NOT NULL, token BIGINT NOT NULL, expires_at BIGINT NOT NULL)
            """,
        ],
        down: [
            "DROP TABLE leases", "DROP TABLE cursors", "DROP TABLE log_retention", "DROP TABLE chat_floors",
            "DROP TABLE log_head", "DROP TABLE events",
        ])
}
