package import Store

/// The tables of the audit log.
package enum AuditSchema {
    /// Entries, and the end of their chain; the number is its place among all steps.
    package static func migration(_ number: Int) -> Migration {
        Migration(
            number, "the audit log",
            up: [
                // Actions are looked for by how they begin, so they have to be ordered by their bytes.
                SQL(
                    sqlite: """
                        CREATE TABLE audit (
                            number INTEGER PRIMARY KEY, recorded_at INTEGER NOT NULL, actor TEXT NOT NULL,
                            actor_name TEXT NOT NULL, address TEXT NOT NULL, credential TEXT NOT NULL,
                            action TEXT NOT NULL, target TEXT, result TEXT NOT NULL, detail TEXT, request TEXT,
                            previous BLOB NOT NULL, hash BLOB NOT NULL) STRICT
                        """,
                    postgres: """
                        CREATE TABLE audit (
                            number BIGINT PRIMARY KEY, recorded_at BIGINT NOT NULL, actor TEXT NOT NULL,
                            actor_name TEXT NOT NULL, address TEXT NOT NULL, credential TEXT NOT NULL,
                            action TEXT COLLATE "C" NOT NULL, target TEXT, result TEXT NOT NULL, detail TEXT,
                            request TEXT, previous BYTEA NOT NULL, hash BYTEA NOT NULL)
                        """),
                "CREATE INDEX audit_by_actor ON audit (actor, number)",
                "CREATE INDEX audit_by_action ON audit (action, number)",
                "CREATE INDEX audit_by_target ON audit (target, number)",
                "CREATE INDEX audit_by_time ON audit (recorded_at)",
                // One row: the last number and hash. Whoever appends locks it first.
                SQL(
                    sqlite: """
                        CREATE TABLE audit_head (
                            id INTEGER PRIMARY KEY CHECK (id = 1), number INTEGER NOT NULL, hash BLOB NOT NULL) STRICT
                        """,
                    postgres: """
                        CREATE TABLE audit_head (
                            id INTEGER PRIMARY KEY CHECK (id = 1), number BIGINT NOT NULL, hash BYTEA NOT NULL)
                        """),
                SQL(
                    sqlite: "INSERT INTO audit_head (id, number, hash) VALUES (1, 0, zeroblob(32))",
                    postgres:
                        "INSERT INTO audit_head (id, number, hash) VALUES (1, 0, decode(repeat('00', 32), 'hex'))"
                ),
            ],
            down: ["DROP TABLE audit_head", "DROP TABLE audit"])
    }
}
