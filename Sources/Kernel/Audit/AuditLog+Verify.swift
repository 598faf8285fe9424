package import Base
import Store

/// What a walk along the chain of the audit log has found.
package struct AuditReport: Sendable, Equatable {
    /// The first link that does not hold.
    package enum Break: Sendable, Equatable, CustomStringConvertible {
        /// An entry is not there, though later ones are.
        case missing(Int64)
        /// An entry is not as it was written, or stands elsewhere.
        case altered(Int64)
        /// An entry is whole, and was not written behind the one before it.
        case unlinked(Int64)
        /// Entries at the end are not there: the last, and which should be.
        case truncated(last: Int64, head: Int64)
        /// An entry stands beyond the end that is on record.
        case beyondHead(Int64)
        /// The end that is on record is not the last entry.
        case headMismatch
        /// Nothing is on record of the end.
        case noHead
        /// An entry is not the one that it was at an earlier time.
        case anchorMismatch(Int64)

        /// What is wrong, in words.
        package var description: String {
            switch self {
            case .missing(let number): "entry \(number) is missing"
            case .altered(let number): "entry \(number) is not as it was written"
            case .unlinked(let number): "entry \(number) does not follow the one before it"
            case .truncated(let last, let head): "entries \(last + 1) to \(head) at the end are missing"
            case .beyondHead(let number): "entry \(number) stands beyond the end that is on record"
            case .headMismatch: "the end that is on record is not the last entry"
            case .noHead: "nothing is on record of the end"
            case .anchorMismatch(let number): "entry \(number) is not the one that was there before"
            }
        }

        /// A word for scripts.
        package var code: String {
            switch self {
            case .missing: "missing"
            case .altered: "altered"
            case .unlinked: "unlinked"
            case .truncated: "truncated"
            case .beyondHead: "beyond_head"
            case .headMismatch: "head_mismatch"
            case .noHead: "no_head"
            case .anchorMismatch: "anchor_mismatch"
            }
        }
    }

    /// How many entries hold, from the first on.
    package var entries: Int64 = 0
    /// The hash of the last of them: kept elsewhere, it shows later that nobody has made the chain anew.
    package var hash = AuditEntry.origin
    /// The first link that does not hold; nil where all do.
    package var broken: Break?
}

/// An entry and its hash, as they were at an earlier time.
package struct AuditAnchor: Sendable, Equatable {
    /// The entry.
    package let number: Int64
    /// Its hash.
    package let hash: Bytes

    /// What was noted earlier.
    package init(number: Int64, hash: Bytes) {
        self.number = number
        self.hash = hash
    }

    /// Reads `NUMBER:HASH`; nil where it is none.
    package init?(_ text: String) {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, let number = Int64(parts[0]), number > 0, let hash = Hex.decode(parts[1]),
            hash.count == 32
        else { return nil }
        self.init(number: number, hash: hash)
    }
}

extension AuditLog {
    /// Walks along the whole chain, in pages between which others append; what comes meanwhile is left for the next time.
    ///
    /// Whoever can write to the database can make the whole chain anew: only an anchor, noted earlier and kept elsewhere,
    /// shows that.
    package func verify(anchor: AuditAnchor? = nil, pageSize: Int = 500) async throws -> AuditReport {
        precondition(pageSize > 0, "a page has at least one entry")
        var report = AuditReport()
        let (head, last) = try await database.read { transaction in
            let last = try await transaction.first("SELECT coalesce(max(number), 0) FROM audit") {
                try $0.integer(0)
            }
            return (try await AuditHead.read(transaction), last ?? 0)
        }
        while report.broken == nil {
            try Task.checkCancellation()
            let links = try await links(after: report.entries, upTo: last, limit: pageSize)
            for link in links where report.broken == nil { report.follow(link, anchor) }
            if links.count < pageSize { break }
        }
        guard report.broken == nil else { return report }
        report.broken = Self.broken(atEnd: report, head, last: last)
        if report.broken == nil, let anchor, anchor.number > report.entries {
            report.broken = .anchorMismatch(anchor.number)
        }
        return report
    }

    private static func broken(
        atEnd report: AuditReport, _ head: AuditHead?, last: Int64
    ) -> AuditReport.Break? {
        guard let head else { return .noHead }
        if head.number > last { return .truncated(last: last, head: head.number) }
        if head.number < last { return .beyondHead(head.number + 1) }
        return head.hash == report.hash ? nil : .headMismatch
    }

    private func links(after number: Int64, upTo last: Int64, limit: Int) async throws -> [AuditLink] {
        var query = Query(AuditEntry.columns + " WHERE number > ")
        query.add(query.parameter(.integer(number)) + " AND number <= ")
        query.add(query.parameter(.integer(last)) + " ORDER BY number LIMIT ")
        query.add(query.parameter(.integer(Int64(limit))))
        let (sql, parameters) = (query.sql, query.parameters)
        return try await database.read { transaction in
            try await transaction.all(sql, parameters) { row in
                guard let entry = try AuditEntry(row) else { return .foreign(try row.integer(0)) }
                return .entry(entry)
            }
        }
    }
}

/// A row of the audit log, as a walk along the chain meets it.
private enum AuditLink: Sendable {
    case entry(AuditEntry)
    /// A row that we cannot have written.
    case foreign(Int64)

    var number: Int64 {
        switch self {
        case .entry(let entry): entry.number
        case .foreign(let number): number
        }
    }
}

extension AuditReport {
    /// Goes on by one link.
    fileprivate mutating func follow(_ link: AuditLink, _ anchor: AuditAnchor?) {
        let expected = entries + 1
        guard link.number == expected else {
            broken = .missing(expected)
            return
        }
        guard case .entry(let entry) = link, entry.isAuthentic else {
            broken = .altered(expected)
            return
        }
        guard entry.previous == hash else {
            broken = .unlinked(expected)
            return
        }
        if let anchor, anchor.number == expected, anchor.hash != entry.hash {
            broken = .anchorMismatch(expected)
            return
        }
        entries = expected
        hash = entry.hash
    }
}
