import Base

/// The channels of one connection, and which of them the server has confirmed.
struct LinkChannels {
    /// What the server was told, or is to be told once it is there: whether it has confirmed it.
    private(set) var confirmed: [Bytes: Bool] = [:]
    /// Channels of which messages may be missing once they are confirmed.
    private var late: Set<Bytes> = []
    /// Those of them that are confirmed, until all are.
    private var caught: [Bytes] = []
    /// Questions under way.
    private var asked = 0
    private var waiters: [Bytes: [PendingCall]] = [:]

    /// Adds a channel; says whether it is new.
    mutating func add(_ name: Bytes, isLate: Bool) -> Bool {
        guard confirmed[name] == nil else { return false }
        confirmed[name] = false
        if isLate { late.insert(name) }
        return true
    }

    /// Drops a channel; says whether it was there.
    mutating func remove(_ name: Bytes) -> Bool {
        late.remove(name)
        return confirmed.removeValue(forKey: name) != nil
    }

    /// The server was asked for a channel.
    mutating func ask() { asked += 1 }

    /// Has a call wait for those channels that lack their confirmation; says whether there are any.
    mutating func await(_ names: [Bytes], _ call: PendingCall) -> Bool {
        for name in names where confirmed[name] == false {
            waiters[name, default: []].append(call)
            call.missing += 1
        }
        return call.missing > 0
    }

    /// The server has answered a question: gives the calls that this lets go on.
    mutating func answered(_ name: Bytes, isConfirmed: Bool) -> [PendingCall] {
        asked = max(0, asked - 1)
        if isConfirmed, confirmed[name] != nil {
            confirmed[name] = true
            if late.remove(name) != nil { caught.append(name) }
        }
        return (waiters.removeValue(forKey: name) ?? []).filter { call in
            call.missing -= 1
            return call.missing == 0
        }
    }

    /// The channels of which messages may be missing, once no question is under way.
    mutating func takeCaught() -> [Bytes] {
        guard asked == 0 else { return [] }
        defer { caught = [] }
        return caught
    }

    /// A call would not wait any longer: its channels were not confirmed in time.
    mutating func markLate(_ call: PendingCall) {
        guard call.missing > 0 else { return }
        for (name, calls) in waiters where calls.contains(where: { $0 === call }) {
            waiters[name] = calls.filter { $0 !== call }
            if confirmed[name] == false { late.insert(name) }
        }
    }

    /// The connection is lost: whatever is confirmed from now on comes late.
    mutating func lose() {
        for name in confirmed.keys { confirmed[name] = false }
        late.formUnion(confirmed.keys)
        (caught, asked, waiters) = ([], 0, [:])
    }
}
