package import Store

/// The right to be the only one, until a moment that the database's clock decides.
package struct Lease: Sendable, Equatable {
    /// What is held.
    package let name: String
    /// Who holds it.
    package let holder: String
    /// Grows with every new holder: a write under an old one is refused.
    package let token: Int64

    /// Makes sure, within the transaction of a write, that nobody has taken the lease over; throws `LeaseLost`.
    ///
    /// As long as the transaction runs, nobody can.
    package func check(in transaction: any Transaction) async throws {
        let token = try await transaction.first(
            "SELECT token FROM leases WHERE name = $1 AND holder = $2"
                + SQL(sqlite: "", postgres: " FOR SHARE"),
            [.text(name), .text(holder)]
        ) { try $0.integer(0) }
        guard token == self.token else { throw LeaseLost(name: name) }
    }
}

/// Somebody else holds the lease now.
package struct LeaseLost: Error, Sendable, Equatable, CustomStringConvertible {
    /// What was held.
    package let name: String

    /// The loss of a lease.
    package init(name: String) { self.name = name }

    /// Which lease, in words.
    package var description: String { "the lease on \(name) was lost" }
}

/// Leases in the database: what must be done once in the cluster is done by whoever holds its lease.
package struct Leases: Sendable {
    private let database: any Database

    /// The leases of a database.
    package init(_ database: any Database) { self.database = database }

    /// Takes a lease that is free, expired or already the holder's; nil while somebody else has it.
    package func acquire(_ name: String, holder: String, for span: Duration) async throws -> Lease? {
        let milliseconds = span.wholeMilliseconds
        return try await database.write { transaction in
            let token = try await transaction.first(
                "INSERT INTO leases AS held (name, holder, token, expires_at) VALUES ($1, $2, 1, " + Self.now
                    + " + $3)"
                        + """
                         ON CONFLICT (name) DO UPDATE SET
                            token = held.token + CASE WHEN held.holder = excluded.holder THEN 0 ELSE 1 END,
                            holder = excluded.holder, expires_at = excluded.expires_at
                        """
                    + " WHERE held.holder = excluded.holder OR held.expires_at <= " + Self.now
                    + " RETURNING token",
                [.text(name), .text(holder), .integer(milliseconds)]
            ) { try $0.integer(0) }
            return token.map { Lease(name: name, holder: holder, token: $0) }
        }
    }

    /// Moves the end of leases away; returns those that are still held.
    package func renew(_ leases: [Lease], for span: Duration) async throws -> [Lease] {
        guard let holder = leases.first?.holder else { return [] }
        let milliseconds = span.wholeMilliseconds
        let kept = try await database.write { transaction in
            try await transaction.all(
                "UPDATE leases SET expires_at = " + Self.now + " + $1 WHERE holder = $2 AND name"
                    + .isAmong(3)
                    + " RETURNING name, token",
                [.integer(milliseconds), .text(holder), .texts(leases.map(\.name))]
            ) { (name: try $0.text(0), token: try $0.integer(1)) }
        }
        let tokens = Dictionary(kept.map { ($0.name, $0.token) }) { first, _ in first }
        return leases.filter { tokens[$0.name] == $0.token }
    }

    /// Gives a lease back, so that others need not wait for its end.
    ///
    /// Its token is never given again.
    package func release(_ lease: Lease) async throws {
        try await database.write { transaction in
            try await transaction.execute(
                "UPDATE leases SET expires_at = 0, holder = '' WHERE name = $1 AND holder = $2 AND token = $3",
                [.text(lease.name), .text(lease.holder), .integer(lease.token)])
        }
    }

    /// The names of the leases that others than `holder` hold now.
    package static func heldByOthers(than holder: String, in transaction: any ReadTransaction) async throws
        -> [String]
    {
        try await transaction.all(
            "SELECT name FROM leases WHERE holder <> $1 AND holder <> '' AND expires_at > " + now,
            [.text(holder)]
        ) { try $0.text(0) }
    }

    /// The database's clock in milliseconds: the clocks of the nodes do not matter.
    static let now = SQL(
        sqlite: "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
        postgres: "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS BIGINT)")
}

extension Duration {
    /// Whole milliseconds, rounded down.
    var wholeMilliseconds: Int64 {
        components.seconds * 1000 + components.attoseconds / 1_000_000_000_000_000
    }
}
