package import Base
package import Store

/// Durable cursors by name: how far a consumer has come, over restarts and on every node.
package struct Cursors: Sendable {
    private let database: any Database
    private let clocks: Clocks

    /// The cursors of a database.
    package init(_ database: any Database, clocks: Clocks = .system) {
        self.database = database
        self.clocks = clocks
    }

    /// Where a consumer stands; nil when it has never committed.
    package func position(of name: String) async throws -> Position? {
        try await database.read { transaction in
            try await transaction.first("SELECT position FROM cursors WHERE name = $1", [.text(name)]) {
                Position(try $0.integer(0))
            }
        }
    }

    /// Remembers that a consumer has dealt with everything through `position`.
    ///
    /// Never goes back.
    package func commit(_ position: Position, for name: String) async throws {
        try await set(position, for: name, guardedBy: " WHERE excluded.position > cursors.position")
    }

    /// Puts a cursor anywhere, to read something once more or to leave it out.
    ///
    package func reset(_ position: Position, for name: String) async throws {
        try await set(position, for: name, guardedBy: "")
    }

    /// Forgets a consumer.
    package func remove(_ name: String) async throws {
        try await database.write {
            try await $0.execute("DELETE FROM cursors WHERE name = $1", [.text(name)])
        }
    }

    private func set(_ position: Position, for name: String, guardedBy condition: SQL) async throws {
        let now = clocks.now
        try await database.write { transaction in
            try await transaction.execute(
                """
                INSERT INTO cursors (name, position, committed_at) VALUES ($1, $2, $3)
                ON CONFLICT (name) DO UPDATE SET position = excluded.position, committed_at = excluded.committed_at
                """ + condition,
                [.text(name), .integer(position.number), .integer(now.milliseconds)])
        }
    }
}
