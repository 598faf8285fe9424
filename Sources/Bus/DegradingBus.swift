package import Base

/// A shared bus that falls back on this process alone while the shared one is out of reach.
///
/// Counters, values and buckets then hold for this node only, and begin anew: limits become limits of a node. What was
/// counted meanwhile is not carried over when the shared bus is back. Messages are not repeated either; a gap says so.
package struct DegradingBus: Bus {
    private let shared: any Bus
    private let local: InProcessBus
    private let fallbacks: Counter?

    /// A bus over two others.
    package init(_ shared: any Bus, local: InProcessBus = InProcessBus(), metrics: Metrics? = nil) {
        self.shared = shared
        self.local = local
        fallbacks = metrics?.counter(
            "bus_fallbacks_total", "Calls of the bus that this node answered by itself")
    }

    package func publish(_ message: [UInt8], to channel: Channel) { shared.publish(message, to: channel) }

    package func subscribe(to channels: [Channel], limits: SubscriptionLimits) async -> BusSubscription {
        await shared.subscribe(to: channels, limits: limits)
    }

    package func increment(_ key: String, by amount: Int64, expiresAfter: Duration?) async throws(BusError)
        -> Int64
    {
        do throws(BusError) {
            return try await shared.increment(key, by: amount, expiresAfter: expiresAfter)
        } catch {
            try noteFallback(error)
            return try await local.increment(key, by: amount, expiresAfter: expiresAfter)
        }
    }

    package func get(_ key: String) async throws(BusError) -> Bytes? {
        do throws(BusError) { return try await shared.get(key) } catch {
            try noteFallback(error)
            return try await local.get(key)
        }
    }

    package func set(_ key: String, to value: Bytes, expiresAfter: Duration?, onlyIfAbsent: Bool)
        async throws(BusError) -> Bool
    {
        do throws(BusError) {
            return try await shared.set(
                key, to: value, expiresAfter: expiresAfter, onlyIfAbsent: onlyIfAbsent)
        } catch {
            try noteFallback(error)
            return try await local.set(
                key, to: value, expiresAfter: expiresAfter, onlyIfAbsent: onlyIfAbsent)
        }
    }

    package func delete(_ key: String) async throws(BusError) -> Bool {
        do throws(BusError) { return try await shared.delete(key) } catch {
            try noteFallback(error)
            return try await local.delete(key)
        }
    }

    package func take(_ key: String, cost: Int, emissionInterval: Duration, burst: Int) async throws(BusError)
        -> TokenDecision
    {
        do throws(BusError) {
            return try await shared.take(key, cost: cost, emissionInterval: emissionInterval, burst: burst)
        } catch {
            try noteFallback(error)
            return try await local.take(key, cost: cost, emissionInterval: emissionInterval, burst: burst)
        }
    }

    package var state: BusState { shared.state }

    package func watchState() -> AsyncStream<BusState> { shared.watchState() }

    /// Counts that this node answers by itself; throws what is no outage.
    private func noteFallback(_ error: BusError) throws(BusError) {
        guard error.isOutage else { throw error }
        fallbacks?.add()
    }
}
