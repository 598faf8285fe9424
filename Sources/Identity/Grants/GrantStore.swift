import Base
import Store

/// The rows of grants.
enum GrantStore {
    private static let columns: SQL =
        "SELECT subject, target, can_read, can_send, can_manage, granted_by, granted_at FROM chat_grants"

    private static func read(_ row: borrowing Row) throws -> Grant {
        guard let target = GrantTarget(try row.text(1)) else {
            throw StoreError(.corrupt, "a grant is about nothing that there is")
        }
        return Grant(
            subject: try row.text(0), target: target, canRead: try row.flag(2), canSend: try row.flag(3),
            canManage: try row.flag(4), grantedBy: try row.text(5),
            grantedAt: Timestamp(milliseconds: try row.integer(6)))
    }

    static func grants(of subjects: [String], in transaction: any ReadTransaction) async throws -> [Grant] {
        try await transaction.all(columns + " WHERE subject" + .isAmong(1), [.texts(subjects)], read)
    }

    static func page(
        subject: String?, target: GrantTarget?, after cursor: (subject: String, target: String), limit: Int,
        in transaction: any ReadTransaction
    ) async throws -> [Grant] {
        try await transaction.all(
            columns
                + """
                 WHERE (subject > $1 OR (subject = $1 AND target > $2)) AND ($3 = '' OR subject = $3)
                    AND ($4 = '' OR target = $4) ORDER BY subject, target LIMIT $5
                """,
            [
                .text(cursor.subject), .text(cursor.target), .text(subject ?? ""), .text(target?.text ?? ""),
                .integer(Int64(limit)),
            ], read)
    }

    static func put(_ grant: Grant, in transaction: any Transaction) async throws {
        try await transaction.execute(
            """
            INSERT INTO chat_grants (subject, target, can_read, can_send, can_manage, granted_by, granted_at)
            VALUES ($1, $2, $3, $4, $5, $6, $7)
            ON CONFLICT (subject, target) DO UPDATE SET can_read = excluded.can_read,
                can_send = excluded.can_send, can_manage = excluded.can_manage,
                granted_by = excluded.granted_by, granted_at = excluded.granted_at
            """,
            [
                .text(grant.subject), .text(grant.target.text), .flag(grant.canRead), .flag(grant.canSend),
                .flag(grant.canManage), .text(grant.grantedBy), .integer(grant.grantedAt.milliseconds),
            ])
    }

    static func grant(_ subject: String, _ target: GrantTarget, in transaction: any ReadTransaction)
        async throws
        -> Grant?
    {
        try await transaction.first(
            columns + " WHERE subject = $1 AND target = $2", [.text(subject), .text(target.text)], read)
    }

    static func delete(_ subject: String, _ target: GrantTarget, in transaction: any Transaction) async throws
    {
        try await transaction.execute(
            "DELETE FROM chat_grants WHERE subject = $1 AND target = $2",
            [.text(subject), .text(target.text)])
    }

    static func deleteAll(of subject: String, in transaction: any Transaction) async throws {
        try await transaction.execute("DELETE FROM chat_grants WHERE subject = $1", [.text(subject)])
    }
}
