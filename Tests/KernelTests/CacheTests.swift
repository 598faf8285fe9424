import Base
import Bus
import Kernel
import Synchronization
import Testing

@Suite struct CacheTests {
    private struct Broken: Error {}

    @Test func `a value is loaded once and then found`() async throws {
        let cache = Cache<String, Int>("test")
        let loads = Tally()
        for _ in 0..<3 { #expect(try await cache.value(for: "a") { loads.add() } == 1) }
        #expect(loads.value == 1)
        #expect(cache.cached("a") == 1)
        #expect(cache.cached("b") == nil)
    }

    @Test func `callers that come together share one load`() async throws {
        let cache = Cache<String, Int>("test")
        let loads = Tally()
        let gate = Gate()
        let values = try await withThrowingTaskGroup(of: Int.self) { group in
            for _ in 0..<50 {
                group.addTask {
                    try await cache.value(for: "a") {
                        await gate.wait()
                        return loads.add()
                    }
                }
            }
            gate.open()
            return try await group.reduce(into: []) { $0.append($1) }
        }
        #expect(values == Array(repeating: 1, count: 50))
    }

    @Test func `a caller that is cancelled does not end the load for the others`() async throws {
        let cache = Cache<String, Int>("test")
        let (gate, begun) = (Gate(), Gate())
        let load: Cache<String, Int>.Load = {
            begun.open()
            await gate.wait()
            try Task.checkCancellation()
            return 7
        }
        let first = Task { try await cache.value(for: "a", load: load) }
        await begun.wait()
        let second = Task { try await cache.value(for: "a", load: load) }
        first.cancel()
        await #expect(throws: CancellationError.self) { try await first.value }
        gate.open()
        #expect(try await second.value == 7)
    }

    @Test func `an error reaches who waits and is not remembered`() async throws {
        let cache = Cache<String, Int>("test")
        await #expect(throws: Broken.self) { try await cache.value(for: "a") { throw Broken() } }
        #expect(try await cache.value(for: "a") { 1 } == 1)
    }

    @Test func `an entry ends with its time`() async throws {
        let clock = ManualClock()
        let cache = Cache<String, Int>(
            "test", CacheSettings(timeToLive: .seconds(10), refreshPart: 1), clocks: clock.clocks)
        #expect(try await cache.value(for: "a") { 1 } == 1)
        clock.advance(by: .milliseconds(9999))
        #expect(try await cache.value(for: "a") { 2 } == 1)
        clock.advance(by: .milliseconds(1))
        #expect(try await cache.value(for: "a") { 3 } == 3)
    }

    @Test func `an entry is loaded anew before its time is over, and nobody waits`() async throws {
        let clock = ManualClock()
        let cache = Cache<String, Int>("test", CacheSettings(timeToLive: .seconds(10)), clocks: clock.clocks)
        let (gate, landed) = (Gate(), Gate())
        #expect(try await cache.value(for: "a") { 1 } == 1)
        clock.advance(by: .milliseconds(7500))
        #expect(try await cache.value(for: "a") { 2 } == 1)
        clock.advance(by: .milliseconds(600))
        for _ in 0..<5 {
            let value = try await cache.value(for: "a") {
                await gate.wait()
                landed.open()
                return 3
            }
            #expect(value == 1)
        }
        gate.open()
        await landed.wait()
        while cache.cached("a") == 1 { await Task.yield() }
        #expect(cache.cached("a") == 3)
    }

    @Test func `a refresh that fails leaves the old value for its time`() async throws {
        let clock = ManualClock()
        let cache = Cache<String, Int>("test", CacheSettings(timeToLive: .seconds(10)), clocks: clock.clocks)
        #expect(try await cache.value(for: "a") { 1 } == 1)
        clock.advance(by: .seconds(9))
        let tried = Gate()
        let value = try await cache.value(for: "a") {
            tried.open()
            throw Broken()
        }
        await tried.wait()
        #expect(value == 1)
        #expect(cache.cached("a") == 1)
    }

    @Test func `what was not asked for lately makes room`() async throws {
        let cache = Cache<Int, Int>("test", CacheSettings(entriesMax: 100))
        for key in 0..<100 { _ = try await cache.value(for: key) { key } }
        for key in 0..<50 { #expect(cache.cached(key) == key) }
        for key in 100..<150 { _ = try await cache.value(for: key) { key } }
        #expect(cache.count == 100)
        for key in 0..<50 { #expect(cache.cached(key) == key) }
        for key in 50..<100 { #expect(cache.cached(key) == nil) }
    }

    @Test func `an entry that is dropped is loaded again`() async throws {
        let cache = Cache<String, Int>("test")
        #expect(try await cache.value(for: "a") { 1 } == 1)
        await cache.invalidate("a")
        #expect(cache.count == 0)
        #expect(try await cache.value(for: "a") { 2 } == 2)
    }

    @Test func `a load that is overtaken by a change is not kept`() async throws {
        let cache = Cache<String, Int>("test")
        let (gate, begun) = (Gate(), Gate())
        let early = Task {
            try await cache.value(for: "a") {
                begun.open()
                await gate.wait()
                return 1
            }
        }
        await begun.wait()
        await cache.invalidate("a")
        #expect(try await cache.value(for: "a") { 2 } == 2)
        gate.open()
        #expect(try await early.value == 1)
        #expect(cache.cached("a") == 2)
    }

    @Test func `hits, misses and loads are counted`() async throws {
        let metrics = Metrics()
        let cache = Cache<String, Int>("test", metrics: metrics)
        for _ in 0..<5 { _ = try await cache.value(for: "a") { 1 } }
        func value(_ name: String) -> Int {
            metrics.counters(name, "", labels: ["cache"]).labelled("test").value
        }
        #expect(value("cache_hits_total") == 4)
        #expect(value("cache_misses_total") == 1)
        #expect(value("cache_loads_total") == 1)
    }
}

/// A number that tasks count up together.
final class Tally: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    /// Gives the new count.
    @discardableResult
    func add() -> Int { count.add(1, ordering: .relaxed).newValue }
}

/// A door that tasks wait at until somebody opens it.
final class Gate: Sendable {
    private let state = Mutex<(isOpen: Bool, waiters: [CheckedContinuation<Void, Never>])>((false, []))

    func open() {
        let waiters = state.withLock { state in
            state.isOpen = true
            defer { state.waiters = [] }
            return state.waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    func wait() async {
        await withCheckedContinuation { continuation in
            let isOpen = state.withLock { state in
                if !state.isOpen { state.waiters.append(continuation) }
                return state.isOpen
            }
            if isOpen { continuation.resume() }
        }
    }

    @Test func `what a question is answered with yes for is dropped, and nothing else`() async throws {
        let cache = Cache<String, Int>("test", CacheSettings(entriesMax: 20_000))
        for (key, value) in [("one", 1), ("two", 2)] { _ = try await cache.value(for: key) { value } }
        cache.removeAll { _, value in value == 1 }
        #expect(cache.cached("one") == nil)
        #expect(cache.cached("two") == 2)
    }
}
