import Synchronization

/// Counts connections, in all and from one address, and says when there are too many.
final class Admission: Sendable {
    private let max: Int
    private let perHostMax: Int
    private let total = Atomic<Int>(0)
    private let hosts = Mutex<[String: Int]>([:])

    /// A `perHostMax` of 0 leaves addresses uncounted.
    init(max: Int, perHostMax: Int) {
        self.max = max
        self.perHostMax = perHostMax
    }

    /// The connections that were let in and have not left.
    var count: Int { total.load(ordering: .relaxed) }

    /// Whether one more connection may come in; `leave` gives its place back.
    func enter(_ host: String) -> Bool {
        guard total.wrappingAdd(1, ordering: .relaxed).newValue <= max else {
            total.wrappingSubtract(1, ordering: .relaxed)
            return false
        }
        guard perHostMax > 0 else { return true }
        let allowed = hosts.withLock { hosts in
            guard hosts[host, default: 0] < perHostMax else { return false }
            hosts[host, default: 0] += 1
            return true
        }
        if !allowed { total.wrappingSubtract(1, ordering: .relaxed) }
        return allowed
    }

    func leave(_ host: String) {
        total.wrappingSubtract(1, ordering: .relaxed)
        guard perHostMax > 0 else { return }
        hosts.withLock { hosts in
            let left = hosts[host, default: 1] - 1
            hosts[host] = left > 0 ? left : nil
        }
    }
}
