package import Base
import Crypto
import Store

/// What somebody did, and its place in a chain in which nothing can be changed without being seen.
package struct AuditEntry: Sendable, Equatable {
    /// Its place, from 1 and without gaps.
    package let number: Int64
    /// When it was done.
    package let recordedAt: Timestamp
    /// Who did what.
    package let content: AuditDraft
    /// The hash of the entry before; 32 zeros before the first.
    package let previous: Bytes
    /// SHA-256 over all of this.
    package let hash: Bytes

    /// What the first entry has before it.
    package static let origin = Bytes([UInt8](repeating: 0, count: 32))

    /// The entry that follows another one.
    init(_ number: Int64, _ recordedAt: Timestamp, _ content: AuditDraft, previous: Bytes) {
        self.number = number
        self.recordedAt = recordedAt
        self.content = content
        self.previous = previous
        hash = SHA256.hash(Self.encoding(number, recordedAt, content, previous: previous))
    }

    /// What the hash is made of: each part behind its length, so that no two entries have the same bytes.
    static func encoding(
        _ number: Int64, _ recordedAt: Timestamp, _ content: AuditDraft, previous: Bytes
    ) -> Bytes {
        var bytes: [UInt8] = []
        bytes.reserveCapacity(512)
        bytes.append(text: "heliograph audit 1\n")
        bytes.append(bigEndian: UInt64(bitPattern: number))
        bytes.append(bigEndian: UInt64(bitPattern: recordedAt.milliseconds))
        let texts = [
            content.actor, content.actorName, content.address, content.credential, content.action,
            content.target, content.result.rawValue, content.detail, content.requestID,
        ]
        for text in texts {
            bytes.append(text == nil ? 0 : 1)
            guard let text else { continue }
            bytes.append(bigEndian: UInt64(text.utf8.count))
            bytes.append(text: text)
        }
        bytes.append(bigEndian: UInt64(previous.count))
        bytes.append(contentsOf: previous)
        return Bytes(bytes)
    }
}

extension AuditEntry {
    static let columns: SQL = """
        SELECT number, recorded_at, actor, actor_name, address, credential, action, target, result, detail, request,
            previous, hash
        FROM audit
        """

    /// The entry that a row of `columns` holds, as it stands there; nil where it cannot have been written by us.
    ///
    /// Whether it belongs there is another question: `isAuthentic`.
    init?(_ row: borrowing Row) throws(StoreError) {
        guard let result = AuditResult(rawValue: try row.text(8)) else { return nil }
        number = try row.integer(0)
        recordedAt = Timestamp(milliseconds: try row.integer(1))
        content = AuditDraft(
            storedActor: try row.text(2), actorName: try row.text(3), address: try row.text(4),
            credential: try row.text(5), action: try row.text(6), target: try row.optionalText(7),
            result: result,
            detail: try row.optionalText(9), requestID: try row.optionalText(10))
        previous = try row.bytes(11)
        hash = try row.bytes(12)
    }

    /// Whether the hash is that of the content.
    var isAuthentic: Bool {
        AuditEntry(number, recordedAt, content, previous: previous).hash == hash
    }

    /// The columns of entries that are to be inserted.
    static func columns(_ entries: [AuditEntry]) -> [Column] {
        [
            Column("number", .integers(entries.map(\.number))),
            Column("recorded_at", .integers(entries.map(\.recordedAt.milliseconds))),
            Column("actor", .texts(entries.map(\.content.actor))),
            Column("actor_name", .texts(entries.map(\.content.actorName))),
            Column("address", .texts(entries.map(\.content.address))),
            Column("credential", .texts(entries.map(\.content.credential))),
            Column("action", .texts(entries.map(\.content.action))),
            Column("target", .texts(entries.map(\.content.target))),
            Column("result", .texts(entries.map(\.content.result.rawValue))),
            Column("detail", .texts(entries.map(\.content.detail))),
            Column("request", .texts(entries.map(\.content.requestID))),
            Column("previous", .bytes(entries.map(\.previous))),
            Column("hash", .bytes(entries.map(\.hash))),
        ]
    }
}

extension [UInt8] {
    fileprivate mutating func append(bigEndian number: UInt64) {
        for shift in stride(from: 56, through: 0, by: -8) {
            append(UInt8(truncatingIfNeeded: number >> UInt64(shift)))
        }
    }
}
