import Base
import Store

/// A login: what refresh tokens belong to, and what ends all of them.
struct Session: Sendable, Equatable {
    let id: Int64
    let userID: Int64
    let createdAt: Timestamp
    var usedAt: Timestamp
    var expiresAt: Timestamp
    var revokedAt: Timestamp?
    let address: String
    let agent: String

    func isOpen(at now: Timestamp) -> Bool { revokedAt == nil && now < expiresAt }
}

/// The rows of sessions and their refresh tokens.
enum SessionStore {
    private static let columns: SQL =
        "SELECT id, user_id, created_at, used_at, expires_at, revoked_at, address, agent FROM sessions"

    private static func read(_ row: borrowing Row) throws -> Session {
        Session(
            id: try row.integer(0), userID: try row.integer(1),
            createdAt: Timestamp(milliseconds: try row.integer(2)),
            usedAt: Timestamp(milliseconds: try row.integer(3)),
            expiresAt: Timestamp(milliseconds: try row.integer(4)),
            revokedAt: try row.optionalInteger(5).map { Timestamp(milliseconds: $0) },
            address: try row.text(6),
            agent: try row.text(7))
    }

    static func session(_ id: Int64, in transaction: any ReadTransaction) async throws -> Session? {
        try await transaction.first(columns + " WHERE id = $1", [.integer(id)], read)
    }

    /// Those of a user that are open, the latest first.
    static func open(
        of user: Int64, at now: Timestamp, in transaction: any ReadTransaction
    ) async throws -> [Session] {
        try await transaction.all(
            columns
                + " WHERE user_id = $1 AND revoked_at IS NULL AND expires_at > $2 ORDER BY id DESC LIMIT 200",
            [.integer(user), .integer(now.milliseconds)], read)
    }

    static func insert(_ session: Session, in transaction: any Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO sessions (id, user_id, created_at, used_at, expires_at, address, agent)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            """,
            [
                .integer(session.id), .integer(session.userID), .integer(session.createdAt.milliseconds),
                .integer(session.usedAt.milliseconds), .integer(session.expiresAt.milliseconds),
                .text(session.address), .text(session.agent),
            ])
    }

    static func touch(
        _ id: Int64, at now: Timestamp, until end: Timestamp, in transaction: any Transaction
    ) async throws {
        try await transaction.execute(
            "UPDATE sessions SET used_at = $2, expires_at = $3 WHERE id = $1",
            [.integer(id), .integer(now.milliseconds), .integer(end.milliseconds)])
    }

    /// Ends a session; false where it had ended, or never was.
    static func revoke(
        _ id: Int64, at now: Timestamp, _ reason: String, in transaction: any Transaction
    ) async throws -> Bool {
        try await transaction.execute("DELETE FROM refresh_tokens WHERE session_id = $1", [.integer(id)])
        return try await transaction.execute(
            "UPDATE sessions SET revoked_at = $2, reason = $3 WHERE id = $1 AND revoked_at IS NULL",
            [.integer(id), .integer(now.milliseconds), .text(reason)]) > 0
    }

    /// Ends all sessions of a user, but one.
    static func revokeAll(
        of user: Int64, but kept: Int64?, at now: Timestamp, _ reason: String, in transaction: any Transaction
    ) async throws {
        try await transaction.execute(
            """
            DELETE FROM refresh_tokens WHERE session_id IN
                (SELECT id FROM sessions WHERE user_id = $1 AND id <> $2)
            """, [.integer(user), .integer(kept ?? -1)])
        try await transaction.execute(
            """
            UPDATE sessions SET revoked_at = $3, reason = $4
            WHERE user_id = $1 AND id <> $2 AND revoked_at IS NULL
            """, [.integer(user), .integer(kept ?? -1), .integer(now.milliseconds), .text(reason)])
    }

    // MARK: Refresh tokens

    static func insertToken(
        _ hash: Bytes, of session: Int64, at now: Timestamp, in transaction: any Transaction
    ) async throws {
        try await transaction.execute(
            "INSERT INTO refresh_tokens (hash, session_id, issued_at) VALUES ($1, $2, $3)",
            [.bytes(hash), .integer(session), .integer(now.milliseconds)])
    }

    /// Uses a token up: the session that it belongs to, and whether this was its first use.
    static func useToken(
        _ hash: Bytes, at now: Timestamp, in transaction: any Transaction
    ) async throws -> (session: Int64, isFirst: Bool)? {
        // Two who come with the same token at once: the row's lock lets one be the first.
        let isFirst =
            try await transaction.execute(
                "UPDATE refresh_tokens SET used_at = $2 WHERE hash = $1 AND used_at IS NULL",
                [.bytes(hash), .integer(now.milliseconds)]) > 0
        let session = try await transaction.first(
            "SELECT session_id FROM refresh_tokens WHERE hash = $1", [.bytes(hash)]
        ) { try $0.integer(0) }
        return session.map { ($0, isFirst) }
    }

    /// Forgets sessions that ended long ago, and tokens that were used long ago.
    static func purge(before limit: Timestamp, in transaction: any Transaction) async throws {
        for statement: SQL in [
            """
            DELETE FROM refresh_tokens WHERE session_id IN
                (SELECT id FROM sessions WHERE expires_at < $1 OR revoked_at < $1)
            """,
            "DELETE FROM sessions WHERE expires_at < $1 OR revoked_at < $1",
        ] {
            try await transaction.execute(statement, [.integer(limit.milliseconds)])
        }
    }
}
