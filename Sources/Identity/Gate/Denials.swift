import Base
import HTTPServer
import Kernel
import Synchronization
import Wire

/// Writes denied accesses into the audit log: each kind from each place once in a while, with how often it was.
final class Denials: Sendable {
    private struct Kind: Hashable {
        let subject: String
        let address: String
        let route: String
        let code: ErrorCode
    }

    private struct Entry {
        var since: Timestamp
        var more = 0
    }

    private let audit: AuditLog
    private let clocks: Clocks
    private let seen = Mutex<[Kind: Entry]>([:])

    /// How long the same denial is only counted, and how many kinds are remembered for that.
    static let quiet = Duration.seconds(10)
    private static let kindsMax = 10_000

    /// Writes into a log.
    init(_ audit: AuditLog, clocks: Clocks) {
        self.audit = audit
        self.clocks = clocks
    }

    func note(_ request: Request, _ code: ErrorCode) {
        let actor = Actor(request)
        let route = request.route.map { "\($0.method.name) \($0.pattern.text)" } ?? "none"
        let kind = Kind(subject: actor.subject, address: actor.address, route: route, code: code)
        let now = clocks.now
        let before = seen.withLock { seen -> Int? in
            if let entry = seen[kind], now - entry.since < Self.quiet {
                seen[kind]?.more += 1
                return nil
            }
            if seen.count >= Self.kindsMax { seen.removeAll(keepingCapacity: true) }
            return seen.updateValue(Entry(since: now), forKey: kind)?.more ?? 0
        }
        guard let before else { return }
        let detail = before == 0 ? code.rawValue : "\(code.rawValue); \(before) more before"
        audit.note(actor.entry("access.denied", on: route, .denied, detail: detail))
    }
}
