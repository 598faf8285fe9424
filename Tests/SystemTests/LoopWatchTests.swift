import Base
import Glibc
import Reactor
import Synchronization
import Testing

@testable import System

@Suite struct LoopWatchTests {
    @Test func `loops that run are well`() async throws {
        let group = try EventLoopGroup(count: 2)
        defer { group.shutdown() }
        // A machine that is busy with other tests may hold up any loop for a while.
        let watch = LoopWatch(group, lagMax: .seconds(600))
        try await watch.start()
        #expect(watch.health().status == .ok)
        #expect(await watch.stop(by: 0).isEmpty)
    }

    @Test func `a loop that is held up is noticed while it is and remembered after`() async throws {
        let group = try EventLoopGroup(count: 1)
        defer { group.shutdown() }
        let watch = LoopWatch(group, interval: .milliseconds(10), memory: .seconds(600))
        try await watch.start()
        let gate = Gate()
        group.loops[0].execute { gate.wait() }
        while watch.health().status == .ok { try await Task.sleep(for: .milliseconds(5)) }
        #expect(watch.health().reason?.hasPrefix("loop 0 was held up for") == true)
        gate.open()
        await group.loops[0].run {}
        #expect(watch.health().status == .degraded)
        _ = await watch.stop(by: 0)
    }

    @Test func `the lag of each loop is a metric`() async throws {
        let group = try EventLoopGroup(count: 2)
        defer { group.shutdown() }
        let metrics = Metrics()
        LoopWatch(group).addMetrics(to: metrics)
        let snapshot = try #require(metrics.snapshots().first)
        #expect(snapshot.name == "heliograph_loop_lag_seconds")
        #expect(snapshot.series == [.init(["0"], .real(0)), .init(["1"], .real(0))])
    }
}

/// Holds up a thread until another lets it go on.
private final class Gate: Sendable {
    private let isOpen = Atomic(false)

    func wait() { while !isOpen.load(ordering: .acquiring) { usleep(1000) } }
    func open() { isOpen.store(true, ordering: .releasing) }
}
