import Base

extension Migrator {
    /// A step that the database has gone.
    struct Applied: Sendable {
        let number: Int
        let name: String
        let checksum: String
        let appliedAt: Timestamp
    }

    static let table: SQL =
        "CREATE TABLE IF NOT EXISTS schema_migrations (number " + integer
        + " PRIMARY KEY, name TEXT NOT NULL, checksum TEXT NOT NULL, applied_at " + integer + " NOT NULL)"
        + strict

    private static let integer = SQL(sqlite: "INTEGER", postgres: "BIGINT")
    private static let strict = SQL(sqlite: " STRICT", postgres: "")
    private static let hasTable = SQL(
        sqlite: "SELECT count(*) FROM sqlite_master WHERE name = 'schema_migrations'",
        postgres: "SELECT count(*) FROM pg_class WHERE oid = to_regclass('schema_migrations')")

    /// What the database has gone so far, in order.
    static func applied(in transaction: any ReadTransaction) async throws -> [Applied] {
        guard try await transaction.first(hasTable, [], { try $0.flag(0) }) == true else { return [] }
        return try await transaction.all(
            "SELECT number, name, checksum, applied_at FROM schema_migrations ORDER BY number"
        ) { row in
            Applied(
                number: Int(try row.integer(0)), name: try row.text(1), checksum: try row.text(2),
                appliedAt: Timestamp(milliseconds: try row.integer(3)))
        }
    }

    /// Throws unless the database stands where this program's own steps lead to.
    func check(_ applied: [Applied], _ dialect: Dialect) throws(StoreError) {
        if let last = applied.last, last.number > newest {
            throw StoreError(
                .newer,
                """
                the database's schema is at step \(last.number) (\(last.name)), and this program knows \(newest): \
                start the later version that made it, or go back with that version's `migrate down \(newest)`
                """)
        }
        for (index, found) in applied.enumerated() {
            guard found.number == index + 1 else {
                throw StoreError(
                    .corrupt,
                    "the database has gone step \(found.number) of its schema, but not step \(index + 1)")
            }
            let step = steps[index]
            guard found.checksum == step.checksum(dialect) else {
                throw StoreError(
                    .misuse,
                    """
                    step \(step.number) (\(step.name)) of the schema is not the one that the database has gone \
                    (\(found.name)): a step must not be changed once it has been made, add another instead
                    """)
            }
        }
    }

    /// Throws where the program's own list is wrong.
    func checkNumbers() throws(StoreError) {
        for (index, step) in steps.enumerated() where step.number != index + 1 {
            throw StoreError(.misuse, "step \(step.number) of the schema stands at place \(index + 1)")
        }
    }

    static func unknown(_ step: Int, _ newest: Int) -> StoreError {
        StoreError(.misuse, "there is no step \(step) of the schema; the latest is \(newest)")
    }
}

extension Migration {
    /// Tells a step from what it once was: FNV-1a over the statements that make it.
    func checksum(_ dialect: Dialect) -> String {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for statement in up {
            // 0xff stands in no text, so that two statements are not taken for one.
            for byte in Array(statement.text(dialect).utf8) + [0xff] {
                hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3
            }
        }
        let digits = String(hash, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}
