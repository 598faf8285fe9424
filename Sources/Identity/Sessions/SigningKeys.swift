import Base
import Crypto
package import Kernel
import Store
import Synchronization

/// The keys that access tokens are signed with: in the database, sealed by the vault, the same for all nodes.
package final class SigningKeys: Sendable {
    /// Who issues tokens, and whom they are for.
    static let issuer = "heliograph"
    static let audience = "heliograph-api"
    /// How long an access token is good.
    package static let tokenLife = Duration.seconds(900)
    /// After so long another key signs.
    static let keyLife = Duration.seconds(30 * 86_400)
    /// What the keys are sealed for.
    package static let column = SealedColumn(table: "signing_keys", id: "id", kind: .text, column: "secret")
    /// What tells nodes that there is another key.
    static let tag = "signing-keys"

    private let database: any Database
    private let vault: Vault
    private let changes: IdentityChanges
    private let clocks: Clocks
    private let ring = Mutex<JWTKeyRing?>(nil)

    init(_ database: any Database, _ vault: Vault, _ changes: IdentityChanges, clocks: Clocks) {
        self.database = database
        self.vault = vault
        self.changes = changes
        self.clocks = clocks
    }

    /// The keys as they are now; nil before the first `load`.
    var keys: JWTKeyRing? { ring.withLock { $0 } }

    /// Reads the keys, and makes the first where there is none; of two nodes that start at once one makes it.
    func load() async throws {
        if try await read() { return }
        try await changes.make { transaction in
            try await transaction.lock("signing keys")
            let count = try await transaction.first("SELECT count(*) FROM signing_keys", []) {
                try $0.integer(0)
            }
            guard count == 0 else { return ((), []) }
            try await self.insert(in: transaction)
            return ((), [Self.tag])
        }
        _ = try await read()
    }

    /// Has a new key sign from now on; what the present one signed is good until it ends.
    package func rotate(by entry: AuditDraft, _ audit: AuditLog) async throws {
        let now = clocks.now
        try await changes.make { transaction in
            try await transaction.lock("signing keys")
            let until = now + Self.tokenLife + .seconds(60)
            try await transaction.execute(
                "UPDATE signing_keys SET accepted_until = $1 WHERE accepted_until IS NULL",
                [.integer(until.milliseconds)])
            try await transaction.execute(
                "DELETE FROM signing_keys WHERE accepted_until < $1", [.integer(now.milliseconds)])
            try await self.insert(in: transaction)
            try await audit.record(entry, in: transaction)
            return ((), [Self.tag])
        }
        _ = try await read()
    }

    /// How old the key is that signs; nil where there is none.
    func currentAge() async throws -> Duration? {
        let created = try await database.read { transaction in
            try await transaction.first(
                "SELECT created_at FROM signing_keys WHERE accepted_until IS NULL ORDER BY created_at DESC LIMIT 1",
                []
            ) { try $0.integer(0) }
        }
        return created.map { clocks.now - Timestamp(milliseconds: $0) }
    }

    private func insert(in transaction: any Transaction) async throws {
        let id = "k" + Base64.url.encode(SecureRandom.bytes(9))
        let sealed = try vault.seal(SecureRandom.bytes(32), for: Self.column.place(id))
        try await transaction.execute(
            "INSERT INTO signing_keys (id, secret, created_at) VALUES ($1, $2, $3)",
            [.text(id), .bytes(sealed), .integer(clocks.now.milliseconds)])
    }

    /// Reads what is there; false where there is nothing.
    func read() async throws -> Bool {
        let rows = try await database.read { transaction in
            try await transaction.all(
                """
                SELECT id, secret, accepted_until FROM signing_keys
                ORDER BY accepted_until IS NOT NULL, created_at DESC LIMIT 16
                """
            ) { (id: try $0.text(0), secret: try $0.bytes(1), until: try $0.optionalInteger(2)) }
        }
        guard !rows.isEmpty else { return false }
        var keys: [JWTKey] = []
        for row in rows {
            let secret = try vault.open(row.secret, for: Self.column.place(row.id))
            guard var key = JWTKey(id: row.id, hs256: Secret(secret)) else { continue }
            key.acceptedUntil = row.until.map { Timestamp(milliseconds: $0) }
            keys.append(key)
        }
        guard let current = keys.first,
            let fresh = JWTKeyRing(current: current, previous: Array(keys.dropFirst()))
        else { return false }
        ring.withLock { $0 = fresh }
        return true
    }
}
