import Base

/// Entries within a bound, by the CLOCK rule: a hand goes round, spares once what was asked for since its last visit,
/// and takes the place of what was not.
struct CacheTable<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    private struct Entry: Sendable {
        var key: Key
        var value: Value
        var expiry: Moment
        var refreshAt: Moment
        var wasAskedFor = false
    }

    enum Finding {
        case fresh(Value)
        /// Good still, but the caller has it loaded anew.
        case due(Value)
        case missing
    }

    private let entriesMax: Int
    private var places: [Key: Int] = [:]
    /// A place is nil once its entry was removed; it is then among those that are free.
    private var entries: [Entry?] = []
    private var free: [Int] = []
    private var hand = 0

    init(entriesMax: Int) { self.entriesMax = max(1, entriesMax) }

    var count: Int { places.count }

    /// Looks an entry up; a due one is given to one caller as such, who is to call `put` or `postpone`.
    mutating func find(_ key: Key, at now: Moment) -> Finding {
        guard let place = places[key], let entry = entries[place], entry.expiry > now else { return .missing }
        if !entry.wasAskedFor { entries[place]?.wasAskedFor = true }
        guard entry.refreshAt <= now else { return .fresh(entry.value) }
        entries[place]?.refreshAt = entry.expiry
        return .due(entry.value)
    }

    mutating func put(_ key: Key, _ value: Value, expiry: Moment, refreshAt: Moment) {
        var entry = Entry(key: key, value: value, expiry: expiry, refreshAt: refreshAt)
        if let place = places[key] {
            entry.wasAskedFor = true
            entries[place] = entry
            return
        }
        let place = takePlace()
        entries[place] = entry
        places[key] = place
    }

    /// A due entry could not be loaded: the next caller after that time tries again.
    mutating func postpone(_ key: Key, until moment: Moment) {
        if let place = places[key] { entries[place]?.refreshAt = moment }
    }

    mutating func remove(_ key: Key) {
        guard let place = places.removeValue(forKey: key) else { return }
        entries[place] = nil
        free.append(place)
    }

    /// Removes what the question is answered with yes for; returns how many those were.
    mutating func removeAll(where isStale: (Key, Value) -> Bool) -> Int {
        var count = 0
        for case let entry? in entries where isStale(entry.key, entry.value) {
            remove(entry.key)
            count += 1
        }
        return count
    }

    mutating func removeAll() {
        places.removeAll(keepingCapacity: true)
        entries.removeAll(keepingCapacity: true)
        free = []
        hand = 0
    }

    private mutating func takePlace() -> Int {
        if let place = free.popLast() { return place }
        guard entries.count >= entriesMax else {
            entries.append(nil)
            return entries.count - 1
        }
        // Two rounds at most: the first takes away every reprieve.
        while true {
            let place = hand
            hand = (hand + 1) % entries.count
            guard let entry = entries[place] else { return place }
            guard entry.wasAskedFor else {
                places[entry.key] = nil
                return place
            }
            entries[place]?.wasAskedFor = false
        }
    }
}
