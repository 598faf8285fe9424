import Base

/// Values and counters with their expiry, within a bound.
struct ValueTable: Sendable {
    enum Value: Sendable {
        case bytes(Bytes)
        case number(Int64)

        var bytes: Bytes {
            switch self {
            case .bytes(let bytes): bytes
            case .number(let number): Bytes(String(number))
            }
        }

        /// A counter may be set as text, as with Redis.
        var number: Int64? {
            switch self {
            case .bytes(let bytes): bytes.text.flatMap { Int64($0) }
            case .number(let number): number
            }
        }
    }

    struct Entry: Sendable {
        var value: Value
        var expiry: Moment?

        init(_ value: Value, _ expiry: Moment?) {
            self.value = value
            self.expiry = expiry
        }
    }

    private let keysMax: Int
    private var entries: [String: Entry] = [:]
    /// How many entries make the next sweep of what has expired worth its time.
    private var sweepAt = 1024

    init(keysMax: Int) { self.keysMax = max(1, keysMax) }

    func entry(_ key: String, at now: Moment) -> Entry? {
        guard let entry = entries[key], entry.expiry.map({ $0 > now }) ?? true else { return nil }
        return entry
    }

    mutating func put(_ key: String, _ entry: Entry, at now: Moment) {
        entries[key] = entry
        if entries.count > min(sweepAt, keysMax) { sweep(now) }
    }

    mutating func remove(_ key: String, at now: Moment) -> Bool {
        let known = entry(key, at: now) != nil
        entries[key] = nil
        return known
    }

    /// Drops what has expired; where that is not enough, the tenth that expires first.
    ///
    /// Each sweep is paid for by as many insertions as there are entries left, or by a tenth of the bound.
    private mutating func sweep(_ now: Moment) {
        entries = entries.filter { $0.value.expiry.map { $0 > now } ?? true }
        if entries.count > keysMax {
            let last = Moment(nanoseconds: .max)
            let order = entries.map { (key: $0.key, expiry: $0.value.expiry ?? last) }
                .sorted { $0.expiry < $1.expiry }
            for victim in order.prefix(max(entries.count - keysMax, keysMax / 10)) {
                entries[victim.key] = nil
            }
        }
        sweepAt = max(1024, entries.count * 2)
    }
}
