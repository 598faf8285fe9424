package import Base

/// What the nodes of a cluster share besides the database: hints about what happened, counters, and values for a while.
///
/// A message is a hint and the log is the truth: one that is lost costs time until somebody looks, never an event.
package protocol Bus: Sendable {
    /// Tells whoever is subscribed to the channel, on every node; returns at once, and may lose the message.
    func publish(_ message: [UInt8], to channel: Channel)

    /// Begins to listen.
    ///
    /// Once it has returned, messages that are published on this or any other node arrive; where the bus is out of
    /// reach it returns all the same, and a gap follows when it is back.
    func subscribe(to channels: [Channel], limits: SubscriptionLimits) async -> BusSubscription

    /// Adds to a counter, which begins at 0, and gives its new value.
    ///
    /// `expiresAfter` counts from when the counter came to be; a counter without it lasts.
    func increment(_ key: String, by amount: Int64, expiresAfter: Duration?) async throws(BusError) -> Int64

    /// The value under a key; nil where there is none.
    func get(_ key: String) async throws(BusError) -> Bytes?

    /// Keeps a value, for a while or until it is deleted; says whether it was kept, which `onlyIfAbsent` may prevent.
    @discardableResult
    func set(_ key: String, to value: Bytes, expiresAfter: Duration?, onlyIfAbsent: Bool)
        async throws(BusError)
        -> Bool

    /// Forgets a value or a counter; says whether there was one.
    @discardableResult
    func delete(_ key: String) async throws(BusError) -> Bool

    /// Takes from a bucket that holds `burst` tokens and gets one back each `emissionInterval`, all at once or nothing.
    func take(_ key: String, cost: Int, emissionInterval: Duration, burst: Int) async throws(BusError)
        -> TokenDecision

    /// Whether all of the bus is within reach.
    var state: BusState { get }

    /// The state of now and of every change; whoever is slow sees the last only.
    func watchState() -> AsyncStream<BusState>
}

extension Bus {
    /// Begins to listen, with the usual limits.
    package func subscribe(to channels: Channel...) async -> BusSubscription {
        await subscribe(to: channels, limits: SubscriptionLimits())
    }

    /// Begins to listen, with the usual limits.
    package func subscribe(to channels: [Channel]) async -> BusSubscription {
        await subscribe(to: channels, limits: SubscriptionLimits())
    }

    /// Adds one to a counter.
    package func increment(_ key: String, expiresAfter: Duration? = nil) async throws(BusError) -> Int64 {
        try await increment(key, by: 1, expiresAfter: expiresAfter)
    }

    /// Keeps a value, whether there was one or not.
    package func set(_ key: String, to value: Bytes, expiresAfter: Duration? = nil) async throws(BusError) {
        try await set(key, to: value, expiresAfter: expiresAfter, onlyIfAbsent: false)
    }
}
