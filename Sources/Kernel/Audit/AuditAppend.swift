import Base
import Store

/// Writes entries behind the last one, within a transaction.
enum AuditAppend {
    /// The last entry, and what keeps others from appending until the transaction has ended.
    static func lockHead(_ transaction: any Transaction) async throws -> AuditHead {
        guard let head = try await AuditHead.read(transaction, SQL(sqlite: "", postgres: " FOR UPDATE"))
        else { throw AuditHead.missing }
        return head
    }

    /// Writes entries; returns them with their numbers.
    static func run(
        _ noted: [AuditQueue.Noted], in transaction: any Transaction
    ) async throws -> [AuditEntry] {
        let head = try await lockHead(transaction)
        var entries: [AuditEntry] = []
        var (number, hash) = (head.number, head.hash)
        for noted in noted {
            let entry = AuditEntry(number + 1, noted.at, noted.draft, previous: hash)
            entries.append(entry)
            (number, hash) = (entry.number, entry.hash)
        }
        guard !entries.isEmpty else { return [] }
        try await transaction.insert(into: "audit", AuditEntry.columns(entries))
        try await transaction.execute(
            "UPDATE audit_head SET number = $1, hash = $2", [.integer(number), .bytes(hash)])
        return entries
    }

    /// Whether entries whose commit had an unknown outcome are there; nobody else's can have these hashes.
    static func isWritten(_ entries: [AuditEntry], in transaction: any Transaction) async throws -> Bool {
        // With the head locked, no old commit can still come through.
        _ = try await lockHead(transaction)
        guard let last = entries.last else { return true }
        let hash = try await transaction.first(
            "SELECT hash FROM audit WHERE number = $1", [.integer(last.number)]
        ) { try $0.bytes(0) }
        return hash == last.hash
    }
}

/// The end of the chain.
struct AuditHead: Sendable, Equatable {
    let number: Int64
    let hash: Bytes

    static let missing = StoreError(
        .corrupt, "the audit log has no head; a restore that was broken off leaves it so")

    static func read(_ transaction: any ReadTransaction, _ locking: SQL = "") async throws -> AuditHead? {
        try await transaction.first("SELECT number, hash FROM audit_head" + locking) {
            AuditHead(number: try $0.integer(0), hash: try $0.bytes(1))
        }
    }
}
