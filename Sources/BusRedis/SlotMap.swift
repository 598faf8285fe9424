package import Wire

/// Which server of a cluster owns which slots.
package struct SlotMap: Sendable, Equatable {
    /// The masters, each once.
    package private(set) var masters: [RedisEndpoint] = []
    /// For each slot the place of its master in `masters`, or -1.
    private var owners: [Int16]

    /// A map without servers.
    package init() { owners = Array(repeating: -1, count: HashSlot.count) }

    /// Reads the answer to `CLUSTER SLOTS`, given by the server at `source`; nil where it is none.
    package init?(_ reply: RESPValue, from source: RedisEndpoint) {
        self.init()
        guard case .array(let ranges) = reply else { return nil }
        for range in ranges {
            guard let parts = range.elements, parts.count >= 3, let first = parts[0].integer,
                let last = parts[1].integer, (0...last).contains(first), last < HashSlot.count,
                let master = parts[2].elements, master.count >= 2, let port = master[1].integer,
                let port = UInt16(exactly: port), port > 0
            else { return nil }
            // Without a host, or with one that the server does not know, it means the one that was asked.
            var host = master[0].text ?? ""
            if host.isEmpty || host == "?" { host = source.host }
            let place = place(of: RedisEndpoint(host: host, port: port))
            for slot in Int(first)...Int(last) { owners[slot] = place }
        }
        guard masters.count <= Int(Int16.max) else { return nil }
    }

    /// The owner of a slot, where one is known.
    package subscript(slot: Int) -> RedisEndpoint? {
        let place = owners[slot]
        return place < 0 ? nil : masters[Int(place)]
    }

    /// Whether every slot has an owner.
    package var isComplete: Bool { !owners.contains(-1) }

    /// A redirection told where a slot lives now.
    package mutating func move(_ slot: Int, to endpoint: RedisEndpoint) { owners[slot] = place(of: endpoint) }

    private mutating func place(of endpoint: RedisEndpoint) -> Int16 {
        if let place = masters.firstIndex(of: endpoint) { return Int16(truncatingIfNeeded: place) }
        masters.append(endpoint)
        return Int16(truncatingIfNeeded: masters.count - 1)
    }
}
