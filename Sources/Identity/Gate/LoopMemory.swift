import Base
import Synchronization

/// What each loop remembers of callers for itself, so that a hot key makes no two loops wait for one another.
///
/// A change anywhere makes all of them forget all: changes are rare, and what is forgotten is a look away.
final class LoopMemory: Sendable {
    private struct Entry {
        let resolved: Resolved
        let until: Timestamp
        /// The second for which the use of the key was noted.
        var notedAt: Int64
    }

    private struct State {
        var epoch = 0
        var entries: [ResolvedKey: Entry] = [:]
    }

    /// In a class because a Mutex cannot stand in an array; taken by one loop alone, unless there are very many.
    private final class Place: Sendable { let state = Mutex(State()) }

    private let places = (0..<32).map { _ in Place() }
    private let epoch = Atomic(0)

    private static let entriesMax = 1024
    private static let kept = Duration.seconds(30)

    /// Makes all loops forget; to be called once what they are filled from has forgotten.
    func forget() { epoch.add(1, ordering: .releasing) }

    /// What a loop remembers, or else what `look` finds; with whether the use in this second is noted already.
    func find(
        _ key: ResolvedKey, shard: Int, at now: Timestamp, _ look: () -> Resolved?
    ) -> (resolved: Resolved, isNoted: Bool)? {
        // Before looking: what is found then and forgotten meanwhile is not kept for longer than until the next look.
        let present = epoch.load(ordering: .acquiring)
        return places[shard & 31].state.withLock { state in
            if state.epoch != present {
                state.entries.removeAll(keepingCapacity: true)
                state.epoch = present
            }
            if let entry = state.entries[key], now < entry.until {
                let isNoted = entry.notedAt == now.seconds
                if !isNoted { state.entries[key]?.notedAt = now.seconds }
                return (entry.resolved, isNoted)
            }
            guard let resolved = look() else { return nil }
            if state.entries.count >= Self.entriesMax { state.entries.removeAll(keepingCapacity: true) }
            state.entries[key] = Entry(resolved: resolved, until: now + Self.kept, notedAt: now.seconds)
            return (resolved, false)
        }
    }
}
