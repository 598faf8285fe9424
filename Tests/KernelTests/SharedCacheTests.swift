import Base
import Bus
import Kernel
import Testing

@Suite struct SharedCacheTests {
    private func sharing(_ bus: any Bus, isStored: Bool = false) -> CacheSharing<String, Int> {
        let storage = CacheSharing<String, Int>.Storage(
            timeToLive: .seconds(60), encode: { Bytes(String($0)) }, decode: { $0.text.flatMap { Int($0) } })
        return CacheSharing(bus, storage: isStored ? storage : nil)
    }

    /// Two nodes' caches that follow each other.
    private func withNodes(
        _ bus: any Bus, isStored: Bool = false,
        _ body: (Cache<String, Int>, Cache<String, Int>) async throws -> Void
    ) async throws {
        let one = Cache<String, Int>("numbers", sharing: sharing(bus, isStored: isStored))
        let other = Cache<String, Int>("numbers", sharing: sharing(bus, isStored: isStored))
        try await withThrowingTaskGroup { group in
            for cache in [one, other] { group.addTask { await cache.follow() } }
            // Both follow once what one drops is dropped by the other.
            for (near, far) in [(one, other), (other, one)] {
                repeat {
                    _ = try await far.value(for: "probe") { 0 }
                    await near.invalidate("probe")
                    for _ in 0..<1000 where far.cached("probe") != nil { await Task.yield() }
                } while far.cached("probe") != nil
            }
            try await body(one, other)
            group.cancelAll()
        }
    }

    @Test func `what one node drops the others drop`() async throws {
        try await withNodes(InProcessBus()) { one, other async throws in
            _ = try await one.value(for: "a") { 1 }
            _ = try await other.value(for: "a") { 1 }
            _ = try await other.value(for: "b") { 1 }
            await one.invalidate("a")
            while other.cached("a") != nil { await Task.yield() }
            #expect(other.cached("b") == 1)
        }
    }

    @Test func `a node does not drop what it loads after its own message`() async throws {
        let bus = InProcessBus()
        try await withNodes(bus) { one, other async throws in
            await one.invalidate("a")
            _ = try await one.value(for: "a") { 2 }
            _ = try await other.value(for: "z") { 1 }
            // Once the other has seen a later message, the first has seen its own.
            await one.invalidate("z")
            while other.cached("z") != nil { await Task.yield() }
            #expect(one.cached("a") == 2)
        }
    }

    @Test func `a message that makes no sense drops everything`() async throws {
        let bus = InProcessBus()
        try await withNodes(bus) { one, _ async throws in
            _ = try await one.value(for: "a") { 1 }
            bus.publish([0, 0, 0, 0, 0, 0, 0, 0, 0xff], to: Channel("cache:numbers"))
            while one.count > 0 { await Task.yield() }
        }
    }

    @Test func `a value that one node has loaded the others find on the bus`() async throws {
        let bus = InProcessBus()
        try await withNodes(bus, isStored: true) { one, other async throws in
            #expect(try await one.value(for: "a") { 5 } == 5)
            #expect(try await other.value(for: "a") { 6 } == 5)
            await other.invalidate("a")
            #expect(try await bus.get("cache:numbers:a") == nil)
            while one.cached("a") != nil { await Task.yield() }
            #expect(try await one.value(for: "a") { 7 } == 7)
        }
    }

    @Test func `what on the bus cannot be read is loaded`() async throws {
        let bus = InProcessBus()
        try await bus.set("cache:numbers:a", to: "no number")
        let cache = Cache<String, Int>("numbers", sharing: sharing(bus, isStored: true))
        #expect(try await cache.value(for: "a") { 3 } == 3)
    }
}
