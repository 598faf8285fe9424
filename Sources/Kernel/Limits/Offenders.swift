import Base
import Synchronization

/// Who went on after being refused.
///
/// It is of this node alone: a block saves the round trip to the bus, and costs none. A caller that turns to another node
/// is refused there by the shared budget, and blocked once it goes on there as well.
final class Offenders: Sendable {
    private let table: ExpiringTable<RefusalRecord>
    /// Nobody is in the table from then on: most requests need no look into it.
    private let emptyFrom = Atomic<Int64>(.min)

    init(max: Int) { table = ExpiringTable(max: max, empty: RefusalRecord()) }

    /// How long a caller is still blocked, if it is, and how often it was refused.
    func blocked(_ tag: UInt64, at now: Moment) -> (time: Duration, count: Int)? {
        guard now.nanoseconds < emptyFrom.load(ordering: .relaxed) else { return nil }
        return table.change(tag, at: now.nanoseconds) { kept in
            guard let time = kept?.value.blocked(at: now), let count = kept?.value.count else { return nil }
            return (time, count)
        }
    }

    /// Notes a refusal: how long the caller is blocked, if that was one too many, and how often it was refused.
    func refused(_ tag: UInt64, at now: Moment, by policy: RatePolicy) -> (time: Duration?, count: Int) {
        let (time, record) = table.change(tag, at: now.nanoseconds) { kept in
            var record = kept?.value ?? RefusalRecord()
            let time = record.refused(at: now, by: policy)
            kept = .init(value: record, until: record.forgottenAt.nanoseconds)
            return (time, record)
        }
        emptyFrom.max(record.forgottenAt.nanoseconds, ordering: .relaxed)
        return (time, record.count)
    }

    /// How many callers it knows, and how many places there are.
    func count(at now: Moment) -> (kept: Int, places: Int) { table.count(at: now.nanoseconds) }
}
