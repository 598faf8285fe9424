package import Base
import Synchronization

/// Holds a node's leases: renews them all at once, and tells their owners when one is lost.
///
/// A lease that could not be renewed in time counts as lost here before it can be somebody else's: the time runs from
/// before the database was asked.
package final class LeaseKeeper: Sendable {
    private struct Held {
        let lease: Lease
        var until: Moment
        let lost: @Sendable () -> Void
    }

    /// Who holds the leases: this run of this node, and no other.
    package let holder: String
    private let leases: Leases
    private let clocks: Clocks
    private let span: Duration
    private let held = Mutex<[String: Held]>([:])
    private let isClosed = Atomic(false)

    /// A keeper of leases that last `span` beyond each renewal.
    package init(_ leases: Leases, holder: String, span: Duration = .seconds(15), clocks: Clocks = .system) {
        self.leases = leases
        self.holder = holder
        self.span = span
        self.clocks = clocks
    }

    /// The names of the leases that are held now.
    package var names: [String] {
        let now = clocks.moment
        return held.withLock { held in held.filter { $0.value.until > now }.keys.sorted() }
    }

    /// Takes a lease and keeps it; nil while somebody else holds it.
    ///
    /// `lost` is called at most once, from any thread.
    package func acquire(_ name: String, lost: @escaping @Sendable () -> Void) async throws -> Lease? {
        let begin = clocks.moment
        guard let lease = try await leases.acquire(name, holder: holder, for: span) else { return nil }
        let isKept = held.withLock { held in
            guard !isClosed.load(ordering: .relaxed) else { return false }
            held[name] = Held(lease: lease, until: begin + span, lost: lost)
            return true
        }
        if isKept { return lease }
        // This node has given everything back meanwhile, and is about to end.
        try await leases.release(lease)
        return nil
    }

    /// Gives a lease back; `lost` is not called.
    package func release(_ lease: Lease) async throws {
        held.withLock { held in
            if held[lease.name]?.lease == lease { held[lease.name] = nil }
        }
        try await leases.release(lease)
    }

    /// Renews until its task is cancelled.
    @concurrent package func run() async {
        await withDiscardingTaskGroup { group in
            group.addTask {
                while !Task.isCancelled {
                    // Cut short only by the task's end.
                    try? await Task.sleep(for: self.span / 3)
                    await self.renew()
                }
            }
            // Beside it, because a database that does not answer must not keep the owners from being told.
            group.addTask {
                while !Task.isCancelled {
                    let next = self.expire()
                    // Cut short only by the task's end.
                    try? await Task.sleep(for: max(.milliseconds(1), min(next, self.span / 10)))
                }
            }
        }
    }

    /// Renews once, and tells who has lost a lease.
    package func renew() async {
        let begin = clocks.moment
        let current = held.withLock { $0.values.map(\.lease) }
        guard !current.isEmpty else { return }
        // The database may be away for a while: what was renewed before stays held until its time is up.
        let kept = try? await leases.renew(current, for: span)
        let now = clocks.moment
        let lost = held.withLock { held in
            var lost: [@Sendable () -> Void] = []
            for lease in current where held[lease.name]?.lease == lease {
                if kept?.contains(lease) == true, begin + span > now {
                    held[lease.name]?.until = begin + span
                } else if kept != nil || (held[lease.name]?.until ?? now) <= now {
                    if let entry = held.removeValue(forKey: lease.name) { lost.append(entry.lost) }
                }
            }
            return lost
        }
        for tell in lost { tell() }
    }

    /// Tells who has not been renewed in time; returns when to look again at the latest.
    private func expire() -> Duration {
        let now = clocks.moment
        let (lost, next) = held.withLock { held in
            let late = held.filter { $0.value.until <= now }
            for name in late.keys { held[name] = nil }
            let next = held.values.map { $0.until - now }.min()
            return (late.values.map(\.lost), next ?? span)
        }
        for tell in lost { tell() }
        return next
    }

    /// Gives back everything that is held, so that others need not wait; nothing is taken any more.
    package func close() async {
        let all = held.withLock { held in
            isClosed.store(true, ordering: .relaxed)
            defer { held = [:] }
            return held.values.map(\.lease)
        }
        for lease in all {
            // A lease that is not given back ends by itself.
            try? await leases.release(lease)
        }
    }
}
