package import Base
import Bus
import Synchronization

/// Values that cost time to get: kept in this process for a while, loaded once however many ask.
///
/// With sharing, nodes tell each other what is out of date. While they cannot, an entry is old for no longer than its
/// time to live. A load that fails is not remembered: the next caller tries again.
package final class Cache<Key: Hashable & Sendable, Value: Sendable>: Sendable {
    /// Loads a value from where it comes from.
    package typealias Load = @Sendable () async throws -> Value

    struct State {
        var table: CacheTable<Key, Value>
        var flights: [Key: CacheFlight<Value>] = [:]
    }

    /// A part of the keys behind a lock of its own, in a class because a Mutex cannot stand in an array.
    final class Shard: Sendable {
        let state: Mutex<State>
        init(entriesMax: Int) { state = Mutex(State(table: CacheTable(entriesMax: entriesMax))) }
    }

    private enum Answer {
        case hit(Value)
        /// The value is good still, and this caller begins to load it anew.
        case due(Value, CacheFlight<Value>)
        case wait(CacheFlight<Value>)
        case load(CacheFlight<Value>)
    }

    /// How logs and metrics call it.
    package let name: String
    let shards: [Shard]
    let sharing: CacheSharing<Key, Value>?
    /// Tells this cache's own messages from those of others.
    let sender = UInt64.random(in: .min ... .max)
    private let settings: CacheSettings
    private let clocks: Clocks
    private let hits: Counter?
    private let misses: Counter?
    private let loads: Counter?
    let invalidations: Counter?

    /// An empty cache.
    package init(
        _ name: String, _ settings: CacheSettings = CacheSettings(), sharing: CacheSharing<Key, Value>? = nil,
        clocks: Clocks = .system, metrics: Metrics? = nil
    ) {
        self.name = name
        self.settings = settings
        self.sharing = sharing
        self.clocks = clocks
        // Few entries make one shard, so that their bound is exact.
        let count = settings.entriesMax >= 1024 ? 16 : 1
        shards = (0..<count).map { _ in Shard(entriesMax: settings.entriesMax / count) }
        let family = { (name: String, help: String) in metrics?.counters(name, help, labels: ["cache"]) }
        hits = family("cache_hits_total", "Values found in the cache")?.labelled(name)
        misses = family("cache_misses_total", "Values that were not in the cache")?.labelled(name)
        loads = family("cache_loads_total", "Loads that were begun")?.labelled(name)
        invalidations = family("cache_invalidations_total", "Entries dropped because they were out of date")?
            .labelled(name)
    }

    /// How many entries there are.
    package var count: Int { shards.reduce(0) { $0 + $1.state.withLock { $0.table.count } } }

    /// The value of a key, which is loaded if it is not there.
    ///
    /// A caller that is cancelled does not end the load for the others.
    package func value(for key: Key, load: @escaping Load) async throws -> Value {
        let place = place(of: key)
        switch find(key, place) {
        case .hit(let value):
            hits?.add(shard: place)
            return value
        case .due(let value, let flight):
            hits?.add(shard: place)
            start(flight, key, place, isRefresh: true, load)
            return value
        case .wait(let flight):
            misses?.add(shard: place)
            return try await flight.wait()
        case .load(let flight):
            misses?.add(shard: place)
            start(flight, key, place, isRefresh: false, load)
            return try await flight.wait()
        }
    }

    /// The value of a key where it is in this process, without loading anything.
    package func cached(_ key: Key) -> Value? {
        let now = clocks.moment
        return shards[place(of: key)].state.withLock { state in
            switch state.table.find(key, at: now) {
            case .fresh(let value): return value
            case .due(let value):
                // Whoever can load it is to find it due.
                state.table.postpone(key, until: now)
                return value
            case .missing: return nil
            }
        }
    }

    // MARK: Inside

    func place(of key: Key) -> Int { shards.count == 1 ? 0 : key.hashValue & (shards.count - 1) }

    private func find(_ key: Key, _ place: Int) -> Answer {
        let now = clocks.moment
        return shards[place].state.withLock { state in
            switch state.table.find(key, at: now) {
            case .fresh(let value): return .hit(value)
            case .due(let value):
                guard state.flights[key] == nil else { return .hit(value) }
                let flight = CacheFlight<Value>()
                state.flights[key] = flight
                return .due(value, flight)
            case .missing:
                if let flight = state.flights[key] { return .wait(flight) }
                let flight = CacheFlight<Value>()
                state.flights[key] = flight
                return .load(flight)
            }
        }
    }

    /// Loads in a task of its own, because it must outlive whoever began it.
    private func start(
        _ flight: CacheFlight<Value>, _ key: Key, _ place: Int, isRefresh: Bool, _ load: @escaping Load
    ) {
        loads?.add(shard: place)
        Task {
            let result: Result<Value, any Error>
            do { result = .success(try await fetch(key, flight, isRefresh: isRefresh, load)) } catch {
                result = .failure(error)
            }
            land(flight, key, place, result)
        }
    }

    private func fetch(_ key: Key, _ flight: CacheFlight<Value>, isRefresh: Bool, _ load: Load) async throws
        -> Value
    {
        guard let sharing, let storage = sharing.storage else { return try await load() }
        let name = storageKey(sharing.text(key))
        // A refresh is for something newer than what is kept. A bus that is out of reach is no reason to fail.
        if !isRefresh, let bytes = try? await sharing.bus.get(name), let value = storage.decode(bytes) {
            return value
        }
        let value = try await load()
        if !flight.isStale {
            // What is not kept is loaded by the others.
            try? await sharing.bus.set(name, to: storage.encode(value), expiresAfter: storage.timeToLive)
        }
        return value
    }

    private func land(
        _ flight: CacheFlight<Value>, _ key: Key, _ place: Int, _ result: Result<Value, any Error>
    ) {
        let now = clocks.moment
        // By chance a little earlier, so that nodes that loaded together do not load together again.
        let part = settings.refreshPart < 1 ? settings.refreshPart * Double.random(in: 0.95...1) : 1
        shards[place].state.withLock { state in
            if state.flights[key] === flight { state.flights[key] = nil }
            guard !flight.isStale else { return }
            switch result {
            case .success(let value):
                state.table.put(
                    key, value, expiry: now + settings.timeToLive,
                    refreshAt: now + settings.timeToLive * part)
            case .failure: state.table.postpone(key, until: now + settings.timeToLive * 0.02)
            }
        }
        flight.finish(result)
    }

    func storageKey(_ text: String) -> String { "cache:\(name):\(text)" }
}
