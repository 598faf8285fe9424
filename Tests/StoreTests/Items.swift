import Store
import StoreTesting

/// A table that most tests use, and what they ask of it.
enum Items {
    static let create: SQL =
        "CREATE TABLE items (id " + SQL(sqlite: "INTEGER", postgres: "BIGINT")
        + " PRIMARY KEY, name TEXT NOT NULL)"
        + SQL(sqlite: " STRICT", postgres: "")

    static func add(_ id: Int, _ name: String = "x", in transaction: any Transaction) async throws {
        try await transaction.execute(
            "INSERT INTO items (id, name) VALUES ($1, $2)", [.integer(Int64(id)), .text(name)])
    }

    static func add(_ id: Int, to database: any Database) async throws {
        try await database.write { try await add(id, in: $0) }
    }

    static func count(in transaction: any ReadTransaction) async throws -> Int {
        try await transaction.first("SELECT count(*) FROM items", []) { Int(try $0.integer(0)) } ?? -1
    }

    static func count(in database: any Database) async throws -> Int {
        try await database.read { try await count(in: $0) }
    }

    static func ids(in database: any Database) async throws -> [Int] {
        try await database.read { transaction in
            try await transaction.all("SELECT id FROM items ORDER BY id") { Int(try $0.integer(0)) }
        }
    }
}

/// Runs `body` with a database that has the table `items`.
func withItems(
    _ backend: Backend, _ options: TestDatabase.Options = .init(), _ body: (any Database) async throws -> Void
) async throws {
    try await withDatabase(backend, options) { database in
        try await database.write { try await $0.execute(Items.create) }
        try await body(database)
    }
}
