import Base
import Kernel
import Store

/// The rows of API keys.
enum KeyStore {
    /// A key with what only verifying needs.
    struct Record: Sendable {
        var key: APIKey
        let secretHash: String
        let signingSecret: Bytes?
    }

    private static let columns: SQL = """
        SELECT id, user_id, name, secret_hash, scopes, targets, inherits_chats, addresses, created_at, expires_at,
            used_at, revoked_at, signing_secret FROM api_keys
        """

    private static func read(_ row: borrowing Row) throws -> Record {
        let scopes = try row.text(4)
        let signing = try row.optionalBytes(12)
        let key = APIKey(
            id: try row.text(0), userID: try row.integer(1), name: try row.text(2),
            scopes: scopes == "*" ? nil : Permission.set(scopes),
            targets: try row.optionalText(5).map {
                $0.split(separator: " ").compactMap { GrantTarget(String($0)) }
            },
            inheritsChats: try row.flag(6),
            addresses: try row.optionalText(7).map {
                $0.split(separator: " ").compactMap { AddressRange(String($0)) }
            },
            createdAt: Timestamp(milliseconds: try row.integer(8)),
            expiresAt: try row.optionalInteger(9).map { Timestamp(milliseconds: $0) },
            usedAt: try row.optionalInteger(10).map { Timestamp(milliseconds: $0) },
            revokedAt: try row.optionalInteger(11).map { Timestamp(milliseconds: $0) },
            canSign: signing != nil)
        return Record(key: key, secretHash: try row.text(3), signingSecret: signing)
    }

    static func record(_ id: String, in transaction: any ReadTransaction) async throws -> Record? {
        try await transaction.first(columns + " WHERE id = $1", [.text(id)], read)
    }

    static func all(of user: Int64, in transaction: any ReadTransaction) async throws -> [APIKey] {
        try await transaction.all(
            columns + " WHERE user_id = $1 ORDER BY created_at DESC, id LIMIT 1000", [.integer(user)], read
        ).map(\.key)
    }

    static func page(after id: String, limit: Int, in transaction: any ReadTransaction) async throws
        -> [APIKey]
    {
        try await transaction.all(
            columns + " WHERE id > $1 ORDER BY id LIMIT $2", [.text(id), .integer(Int64(limit))], read
        ).map(\.key)
    }

    static func insert(
        _ key: APIKey, secretHash: String, signingSecret: Bytes?, in transaction: any Transaction
    ) async throws {
        try await transaction.execute(
            """
            INSERT INTO api_keys (id, user_id, name, secret_hash, scopes, targets, inherits_chats, addresses,
                created_at, expires_at, signing_secret) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
            """,
            [
                .text(key.id), .integer(key.userID), .text(key.name), .text(secretHash),
                .text(key.scopes.map { Permission.text($0) } ?? "*"),
                .text(key.targets?.map(\.text).joined(separator: " ")), .flag(key.inheritsChats),
                .text(key.addresses?.map(\.text).joined(separator: " ")),
                .integer(key.createdAt.milliseconds), .integer(key.expiresAt?.milliseconds),
                .bytes(signingSecret),
            ])
    }

    static func revoke(_ id: String, at now: Timestamp, in transaction: any Transaction) async throws -> Bool
    {
        try await transaction.execute(
            "UPDATE api_keys SET revoked_at = $2, signing_secret = NULL WHERE id = $1 AND revoked_at IS NULL",
            [.text(id), .integer(now.milliseconds)]) > 0
    }

    static func delete(_ id: String, in transaction: any Transaction) async throws {
        try await transaction.execute("DELETE FROM api_keys WHERE id = $1", [.text(id)])
    }

    static func touch(_ ids: [String: Timestamp], in transaction: any Transaction) async throws {
        for (id, time) in ids {
            try await transaction.execute(
                "UPDATE api_keys SET used_at = $2 WHERE id = $1 AND (used_at IS NULL OR used_at < $2)",
                [.text(id), .integer(time.milliseconds)])
        }
    }
}
