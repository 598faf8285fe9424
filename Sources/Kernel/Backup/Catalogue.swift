import Store

/// The tables of a database, as its own catalogue tells them.
struct Catalogue {
    /// What a column holds.
    enum Kind { case integer, real, text, bytes }

    struct Table {
        let name: String
        let columns: [(name: String, kind: Kind)]
    }

    /// What tables are called that are made of the log, and made anew of it where they are empty.
    static let projectionPrefix = "projected_"

    /// All tables in the order in which they were made, but that of the migrations: those are made anew.
    static func tables(_ transaction: any ReadTransaction) async throws -> [Table] {
        var tables: [Table] = []
        for name in try await names(transaction) {
            tables.append(Table(name: name, columns: try await columns(of: name, transaction)))
        }
        return tables
    }

    /// Their names, in the same order.
    static func names(_ transaction: any ReadTransaction) async throws -> [String] {
        try await transaction.all(
            SQL(
                sqlite:
                    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY rowid",
                postgres: """
                    SELECT relname::text FROM pg_class WHERE relkind = 'r'
                    AND relnamespace = current_schema()::regnamespace ORDER BY oid
                    """)
        ) { try $0.text(0) }.filter { $0 != "schema_migrations" && !$0.hasPrefix(Self.projectionPrefix) }
    }

    private static func columns(
        of table: String, _ transaction: any ReadTransaction
    ) async throws -> [(name: String, kind: Kind)] {
        try await transaction.all(
            SQL(
                sqlite: "SELECT name, lower(type) FROM pragma_table_info($1) ORDER BY cid",
                postgres: """
                    SELECT column_name::text, data_type::text FROM information_schema.columns
                    WHERE table_schema = current_schema() AND table_name = $1 ORDER BY ordinal_position
                    """), [.text(table)]
        ) { row in
            let type = try row.text(1)
            let kind: Kind =
                switch type {
                case "integer", "bigint", "smallint": .integer
                case "real", "double precision": .real
                case "blob", "bytea": .bytes
                case "text": .text
                default: throw StoreError(.misuse, "a backup does not know columns of the type \(type)")
                }
            return (try row.text(0), kind)
        }
    }
}
