import Base
import Bus
package import Reactor
import Synchronization

extension Cache {
    /// Drops a key on every node, because its value has changed.
    ///
    /// A load that is under way still answers those who wait for it, but is not kept.
    package func invalidate(_ key: Key) async {
        if let sharing, sharing.storage != nil {
            // Before the entry here, which would be filled from there again. Out of reach, it ends with its time.
            _ = try? await sharing.bus.delete(storageKey(sharing.text(key)))
        }
        drop(key)
        if let sharing { sharing.bus.publish(message(sharing.text(key)), to: channel) }
    }

    /// Drops everything in this process.
    package func removeAll() {
        for shard in shards {
            shard.state.withLock { state in
                invalidations?.add(state.table.count)
                state.table.removeAll()
                for flight in state.flights.values { flight.spoil() }
                state.flights = [:]
            }
        }
    }

    /// Drops the entries of this process that a question is answered with yes; loads under way are not kept.
    package func removeAll(where isStale: (Key, Value) -> Bool) {
        for shard in shards {
            shard.state.withLock { state in
                let count = state.table.removeAll(where: isStale)
                invalidations?.add(count)
                // What they load may have been read before the change.
                for flight in state.flights.values { flight.spoil() }
                state.flights = [:]
            }
        }
    }

    private func drop(_ key: Key) {
        let place = place(of: key)
        invalidations?.add(shard: place)
        shards[place].state.withLock { state in
            state.table.remove(key)
            state.flights.removeValue(forKey: key)?.spoil()
        }
    }

    // MARK: What other nodes say

    private var channel: Channel { Channel("cache:\(name)") }

    /// The sender's number and the key.
    private func message(_ text: String) -> [UInt8] {
        var message: [UInt8] = []
        for shift in stride(from: 56, through: 0, by: -8) {
            message.append(UInt8(truncatingIfNeeded: sender >> shift))
        }
        message.append(contentsOf: text.utf8)
        return message
    }

    /// Drops what other nodes say is out of date, until the task ends.
    package func follow() async {
        guard let sharing else { return }
        let subscription = await sharing.bus.subscribe(to: channel)
        // What was said before is not known.
        removeAll()
        for await event in subscription {
            switch event {
            case .gap: removeAll()
            case .message(_, let bytes):
                guard bytes.count >= 8, bytes.prefix(8).reduce(0, { $0 << 8 | UInt64($1) }) != sender else {
                    continue
                }
                guard let text = bytes.part(8, bytes.count - 8).text, let key = sharing.key(text) else {
                    removeAll()
                    continue
                }
                drop(key)
            }
        }
    }
}

/// A cache that is shared follows what the others say for as long as the program runs.
extension Cache: Service {
    /// Has nothing to get ready.
    package func start() async throws {}

    /// Drops what other nodes say is out of date.
    package func run() async throws { await follow() }

    /// Has nothing in flight that anybody waits for.
    package func stop(by deadline: MonotonicNanoseconds) async -> [String] { [] }
}
