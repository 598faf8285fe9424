package import Base
import Synchronization

/// The bus of a node that is alone: everything stays in this process.
package final class InProcessBus: Bus {
    private let hub = SubscriptionHub()
    private let board = BusStateBoard(.connected)
    private let table: Mutex<ValueTable>
    private let clocks: Clocks

    /// An empty bus; beyond `keysMax` keys those that expire first make room.
    package init(keysMax: Int = 1_000_000, clocks: Clocks = .system) {
        table = Mutex(ValueTable(keysMax: keysMax))
        self.clocks = clocks
    }

    package func publish(_ message: [UInt8], to channel: Channel) { hub.deliver(Bytes(message), to: channel) }

    package func subscribe(to channels: [Channel], limits: SubscriptionLimits) async -> BusSubscription {
        let subscription = BusSubscription(hub: hub, source: NoSource(), limits: limits)
        await subscription.add(channels)
        return subscription
    }

    package func increment(_ key: String, by amount: Int64, expiresAfter: Duration?) async throws(BusError)
        -> Int64
    {
        let now = clocks.moment
        return try table.withLock { (table) throws(BusError) in
            var entry = table.entry(key, at: now) ?? .init(.number(0), nil)
            guard let old = entry.value.number else { throw .refused("\(key) holds no whole number") }
            let (sum, overflow) = old.addingReportingOverflow(amount)
            guard !overflow else { throw .refused("\(key) would be out of range") }
            entry.value = .number(sum)
            if entry.expiry == nil { entry.expiry = expiresAfter.map { now + $0 } }
            table.put(key, entry, at: now)
            return sum
        }
    }

    package func get(_ key: String) async throws(BusError) -> Bytes? {
        table.withLock { $0.entry(key, at: clocks.moment)?.value.bytes }
    }

    package func set(_ key: String, to value: Bytes, expiresAfter: Duration?, onlyIfAbsent: Bool)
        async throws(BusError) -> Bool
    {
        let now = clocks.moment
        return table.withLock { table in
            if onlyIfAbsent, table.entry(key, at: now) != nil { return false }
            table.put(key, .init(.bytes(value.copied()), expiresAfter.map { now + $0 }), at: now)
            return true
        }
    }

    package func delete(_ key: String) async throws(BusError) -> Bool {
        table.withLock { $0.remove(key, at: clocks.moment) }
    }

    package func take(_ key: String, cost: Int, emissionInterval: Duration, burst: Int) async throws(BusError)
        -> TokenDecision
    {
        let bucket = try TokenBucket(cost: cost, emissionInterval: emissionInterval, burst: burst)
        let now = clocks.moment
        let microseconds = now.nanoseconds / 1000
        return try table.withLock { (table) throws(BusError) in
            let entry = table.entry(key, at: now)
            guard entry == nil || entry?.value.number != nil else { throw .refused("\(key) holds no bucket") }
            let (decision, fullAt) = bucket.take(now: microseconds, fullAt: entry?.value.number)
            if decision.isTaken {
                table.put(
                    key, .init(.number(fullAt), now + .microseconds(fullAt - microseconds)), at: now)
            }
            return decision
        }
    }

    package var state: BusState { board.current }

    package func watchState() -> AsyncStream<BusState> { board.watch() }
}

/// In one process all who listen are known at once.
private struct NoSource: ChannelSource {
    func listen(to channels: [Channel]) async {}
    func forget(_ channels: [Channel]) {}
}
