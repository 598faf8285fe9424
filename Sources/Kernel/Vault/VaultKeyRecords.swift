package import Base
package import Store

/// What the database remembers of keys: never the keys, but when each was first seen, and which it was.
package struct VaultKeyRecords: Sendable {
    private let database: any Database
    private let clocks: Clocks

    /// The records in a database that has the tables of the vault.
    package init(_ database: any Database, clocks: Clocks = .system) {
        self.database = database
        self.clocks = clocks
    }

    /// Remembers the keys of a ring, and returns the ring with the times at which they were made or first seen.
    ///
    /// Throws where a number stands for another key than it did: what that key sealed could not be opened.
    package func register(_ ring: KeyRing) async throws -> KeyRing {
        let now = clocks.now
        let known = try await database.write { transaction in
            for key in ring.keys {
                try await transaction.execute(
                    """
                    INSERT INTO vault_keys (id, fingerprint, created_at) VALUES ($1, $2, $3)
                    ON CONFLICT (id) DO NOTHING
                    """,
                    [
                        .integer(Int64(key.id)), .text(key.fingerprint),
                        .integer((key.createdAt ?? now).milliseconds),
                    ])
            }
            return try await transaction.all("SELECT id, fingerprint, created_at FROM vault_keys") {
                (id: try $0.integer(0), fingerprint: try $0.text(1), time: try $0.integer(2))
            }
        }
        var keys: [VaultKey] = []
        for key in ring.keys {
            guard let record = known.first(where: { $0.id == Int64(key.id) }) else { continue }
            guard record.fingerprint == key.fingerprint else {
                throw VaultError(
                    .changedKey,
                    "encryption key \(key.id) is not the one that this database has seen under that number;"
                        + " give it back, or give the new key a new number")
            }
            keys.append(
                try VaultKey(
                    id: key.id, secret: key.secret,
                    createdAt: key.createdAt ?? Timestamp(milliseconds: record.time)))
        }
        return try KeyRing(keys)
    }

    /// The highest number that a key ever had here; 0 where there was none.
    package func newestID() async throws -> UInt32 {
        let newest = try await database.read { transaction in
            try await transaction.first("SELECT coalesce(max(id), 0) FROM vault_keys") { try $0.integer(0) }
        }
        return UInt32(clamping: newest ?? 0)
    }

    /// Forgets a key that is no longer used, so that its number can stand for another one.
    package func forget(_ id: UInt32) async throws {
        try await database.write { transaction in
            try await transaction.execute("DELETE FROM vault_keys WHERE id = $1", [.integer(Int64(id))])
        }
    }
}
