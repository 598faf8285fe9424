import Base
import Store

/// Large bodies stand in a table of their own: a row is written anew whenever its send changes.
extension SendStore {
    /// What stands in the row itself.
    static let inlineMax = 4096

    static func putApart(_ bytes: Bytes, of id: Int64, in transaction: any Transaction) async throws {
        try await transaction.execute(
            "INSERT INTO send_bodies (id, body) VALUES ($1, $2) ON CONFLICT (id) DO UPDATE SET body = excluded.body",
            [.integer(id), .bytes(bytes)])
    }

    static func apart(_ id: Int64, in transaction: any Transaction) async throws -> Bytes {
        let bytes = try await transaction.first("SELECT body FROM send_bodies WHERE id = $1", [.integer(id)])
        {
            try $0.bytes(0)
        }
        guard let bytes else { throw StoreError(.corrupt, "a send without what it carries") }
        return bytes
    }

    /// What was sent, or will not be, is of no use any more.
    static func dropApart(_ send: Send?, in transaction: any Transaction) async throws -> Send? {
        guard let send, send.isApart else { return send }
        try await transaction.execute("DELETE FROM send_bodies WHERE id = $1", [.integer(send.id)])
        return send
    }
}
