import Base
import Bus
import Reactor
import Synchronization
import Testing

@testable import Kernel

@Suite struct RateLimitsTests {
    private let clock = ManualClock()
    private let metrics = Metrics()
    private let home = RateAddress(.v4(1, port: 1))

    /// Ten requests for each caller, one a second; nothing is held up.
    private var policy: RatePolicy {
        var policy = RatePolicy()
        policy.caller = .init(1, each: .seconds(1), burst: 10)
        policy.address = .init(1, each: .seconds(1), burst: 4)
        policy.delayMax = .zero
        policy.blockAfter = 5
        return policy
    }

    private func limits(_ policy: RatePolicy? = nil, bus: (any Bus)? = nil, budgetsMax: Int = 131_072)
        -> RateLimits
    {
        RateLimits(
            policy ?? self.policy, bus: bus, metrics: metrics, clocks: clock.clocks, budgetsMax: budgetsMax)
    }

    private func spend(
        _ limits: RateLimits, _ count: Int, _ rate: RateClass = .interactive, of subject: String? = "user:1",
        from address: RateAddress? = nil
    ) async -> [RateDecision] {
        var decisions: [RateDecision] = []
        for _ in 0..<count {
            decisions.append(await limits.decide(rate, subject: subject, address: address ?? home))
        }
        return decisions
    }

    private func admitted(_ decisions: [RateDecision]) -> Int {
        decisions.count { [.allowed, .warned].contains($0.outcome) }
    }

    @Test func `a caller gets its burst, and then what comes back`() async {
        let limits = limits()
        #expect(await admitted(spend(limits, 12)) == 10)
        clock.advance(by: .seconds(3))
        #expect(await admitted(spend(limits, 5)) == 3)
    }

    @Test func `most of a budget is used with a warning, and refusals say how far beyond it is`() async {
        let decisions = await spend(limits(), 13)
        #expect(decisions.map(\.remaining) == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0, 0, 0])
        #expect(decisions.prefix(8).allSatisfy { $0.outcome == .allowed })
        #expect(decisions[8...9].allSatisfy { $0.outcome == .warned })
        #expect(decisions[10].outcome == .refused(retryAfter: .seconds(1)))
        #expect(decisions.map(\.current) == Array(1...13))
    }

    @Test func `callers, addresses and attempts to sign in have budgets of their own`() async {
        let limits = limits()
        #expect(await admitted(spend(limits, 20)) == 10)
        #expect(await admitted(spend(limits, 20, of: "key:a")) == 10)
        #expect(await admitted(spend(limits, 20, of: nil)) == 4)
        #expect(await admitted(spend(limits, 20, .signIn, of: nil)) == 10)
        // Whoever is signed in is counted with the address here.
        #expect(await admitted(spend(limits, 20, .signIn)) == 0)
        #expect(await admitted(spend(limits, 20, of: nil, from: RateAddress(.v4(2, port: 1)))) == 4)
    }

    @Test func `what is unlimited is never counted`() async {
        let decisions = await spend(limits(), 100, .unlimited, of: nil)
        #expect(decisions.allSatisfy { $0 == .uncounted })
    }

    @Test func `limits that are turned off count nothing`() async {
        var policy = policy
        policy.isEnabled = false
        let limits = limits(policy)
        #expect(await spend(limits, 100).allSatisfy { $0 == .uncounted })
        for _ in 0..<100 { limits.noteWrongCredentials(from: home) }
        #expect(limits.credentialsWait(from: home) == nil)
    }

    // MARK: Bulk

    @Test func `bulk requests leave a reserve to interactive ones`() async {
        let limits = limits()
        // Seven and a half tokens of ten are for bulk, at two each.
        #expect(await admitted(spend(limits, 20, .bulk)) == 4)
        #expect(await admitted(spend(limits, 20)) == 2)
    }

    @Test func `bulk cannot starve interactive requests, however long it hammers`() async {
        var policy = policy
        policy.caller = .init(100, each: .seconds(1), burst: 200)
        let limits = limits(policy)
        var interactive: [RateDecision] = []
        for _ in 0..<1000 {
            _ = await spend(limits, 5, .bulk)
            // Ten a second, beside five hundred bulk requests a second.
            clock.advance(by: .milliseconds(10))
            if interactive.count * 10 < 1000 { interactive += await spend(limits, 1) }
        }
        #expect(admitted(interactive) == interactive.count)
    }

    @Test func `interactive requests may use all of it, and bulk then waits`() async {
        let limits = limits()
        #expect(await admitted(spend(limits, 8)) == 8)
        #expect(await admitted(spend(limits, 1, .bulk)) == 0)
    }

    @Test func `a block for bulk does not shut interactive requests out`() async {
        let limits = limits()
        let last = await spend(limits, 20, .bulk).last
        #expect(last?.outcome == .blocked(retryAfter: .seconds(30)))
        #expect(await admitted(spend(limits, 1)) == 1)
    }

    // MARK: Delays

    @Test func `a small overdraft is paid for by waiting, by a bounded number of requests`() async {
        var policy = policy
        policy.delayMax = .seconds(3)
        policy.delayedMax = 2
        let limits = limits(policy)
        _ = await spend(limits, 10)
        let outcomes = await spend(limits, 3).map(\.outcome)
        #expect(
            outcomes == [
                .delayed(.seconds(1)), .delayed(.seconds(2)), .refused(retryAfter: .seconds(3)),
            ])
        limits.endDelay()
        #expect(await spend(limits, 1)[0].outcome == .delayed(.seconds(3)))
        #expect(await spend(limits, 1)[0].outcome == .refused(retryAfter: .seconds(4)))
    }

    // MARK: Blocks

    @Test func `who hammers is blocked, for longer each time, and forgiven in the end`() async {
        let limits = limits()
        _ = await spend(limits, 15)
        #expect(await spend(limits, 1)[0].outcome == .blocked(retryAfter: .seconds(30)))
        clock.advance(by: .milliseconds(29_999))
        #expect(await spend(limits, 1)[0].outcome == .blocked(retryAfter: .milliseconds(1)))
        clock.advance(by: .milliseconds(1))
        #expect(await admitted(spend(limits, 10)) == 10)
        #expect(await spend(limits, 6).last?.outcome == .blocked(retryAfter: .seconds(60)))
        clock.advance(by: .seconds(60 + 900))
        #expect(await spend(limits, 16).last?.outcome == .blocked(retryAfter: .seconds(30)))
    }

    @Test func `who is blocked costs the bus nothing`() async {
        let bus = CountingBus(InProcessBus(clocks: clock.clocks))
        let limits = limits(bus: bus)
        _ = await spend(limits, 100)
        #expect(bus.takes == 16)
    }

    // MARK: Credentials

    @Test func `credentials are not looked at after too many wrong ones`() {
        let limits = limits()
        for _ in 0..<20 {
            #expect(limits.credentialsWait(from: home) == nil)
            limits.noteWrongCredentials(from: home)
        }
        #expect(limits.credentialsWait(from: home) == .seconds(6))
        #expect(limits.credentialsWait(from: RateAddress(.v4(2, port: 1))) == nil)
        clock.advance(by: .seconds(6))
        #expect(limits.credentialsWait(from: home) == nil)
    }

    // MARK: Nodes

    @Test func `nodes with one bus share a budget`() async {
        let bus = InProcessBus(clocks: clock.clocks)
        let (one, other) = (limits(bus: bus), limits(bus: bus))
        #expect(await admitted(spend(one, 6)) == 6)
        #expect(await admitted(spend(other, 6)) == 4)
        clock.advance(by: .seconds(2))
        #expect(await admitted(spend(other, 3, .bulk) + spend(one, 3)) == 2)
    }

    @Test(arguments: [BusError.timedOut, .unavailable("gone"), .refused("no script")])
    func `while the bus is away a node counts by itself, and leaves the bus alone for a while`(
        error: BusError
    )
        async
    {
        let bus = CountingBus(InProcessBus(clocks: clock.clocks))
        let limits = limits(bus: bus)
        #expect(await admitted(spend(limits, 5)) == 5)
        bus.error = error
        // Locally the budget is full again.
        #expect(await admitted(spend(limits, 11)) == 10)
        #expect(bus.takes == 6)
        bus.error = nil
        clock.advance(by: .seconds(1))
        #expect(await admitted(spend(limits, 10)) == 6)
        #expect(metrics.counter("rate_limit_fallbacks_total", "").value == 11)
    }

    // MARK: Policies, bounds, metrics

    @Test func `another policy holds at once, and what was used stays used`() async {
        let limits = limits()
        _ = await spend(limits, 10)
        var policy = policy
        policy.caller.burst = 15
        limits.update(policy)
        #expect(limits.policy == policy)
        #expect(await admitted(spend(limits, 10)) == 5)
    }

    @Test func `a million addresses take no more memory than the bound`() async {
        let limits = limits(budgetsMax: 8192)
        for number in 0..<1_000_000 {
            let address = RateAddress(.v4(UInt32(number), port: 1))
            #expect(await limits.decide(.interactive, subject: nil, address: address).outcome == .allowed)
        }
        let (budgets, offenders) = limits.occupancy
        #expect(budgets.places == 8192)
        #expect(budgets.kept > 8000)
        #expect(offenders.kept == 0)
    }

    @Test func `under pressure those are forgotten who used least`() async {
        let limits = limits(budgetsMax: 1024)
        _ = await spend(limits, 10)
        for number in 0..<20_000 {
            _ = await limits.decide(.interactive, subject: "user:\(number + 2)", address: home)
        }
        #expect(await admitted(spend(limits, 1)) == 0)
    }

    @Test func `what became of requests is counted by class`() async {
        let limits = limits()
        _ = await spend(limits, 20)
        _ = await spend(limits, 3, .bulk, of: "key:b")
        _ = await spend(limits, 1, .unlimited)
        let family = metrics.snapshots().first { $0.name == "rate_limit_decisions_total" }
        let counted = family?.series.filter { $0.value != .integer(0) }
            .map { "\($0.labels.joined(separator: " ")) \($0.value)" }
        #expect(
            counted?.sorted() == [
                "bulk allowed integer(3)", "interactive allowed integer(8)", "interactive blocked integer(5)",
                "interactive refused integer(5)", "interactive warned integer(2)",
            ])
    }

    @Test func `budgets hold whatever many tasks do at once`() async {
        var policy = policy
        policy.caller = .init(1, each: .seconds(1), burst: 5000)
        policy.blockAfter = 0
        let limits = limits(policy)
        let sum = await withTaskGroup(of: Int.self) { group in
            for _ in 0..<8 { group.addTask { await admitted(spend(limits, 1000)) } }
            return await group.reduce(0, +)
        }
        #expect(sum == 5000)
    }
}

/// A bus that counts what is taken, and fails when told to.
private final class CountingBus: Bus {
    private let bus: InProcessBus
    private let fault = Mutex<BusError?>(nil)
    private let count = Atomic(0)

    init(_ bus: InProcessBus) { self.bus = bus }

    var takes: Int { count.load(ordering: .relaxed) }
    var error: BusError? {
        get { fault.withLock { $0 } }
        set { fault.withLock { $0 = newValue } }
    }

    func take(_ key: String, cost: Int, emissionInterval: Duration, burst: Int) async throws(BusError)
        -> TokenDecision
    {
        count.add(1, ordering: .relaxed)
        if let error { throw error }
        return try await bus.take(key, cost: cost, emissionInterval: emissionInterval, burst: burst)
    }

    func publish(_ message: [UInt8], to channel: Channel) { bus.publish(message, to: channel) }
    func subscribe(to channels: [Channel], limits: SubscriptionLimits) async -> BusSubscription {
        await bus.subscribe(to: channels, limits: limits)
    }
    func increment(_ key: String, by amount: Int64, expiresAfter: Duration?) async throws(BusError) -> Int64 {
        try await bus.increment(key, by: amount, expiresAfter: expiresAfter)
    }
    func get(_ key: String) async throws(BusError) -> Bytes? { try await bus.get(key) }
    func set(_ key: String, to value: Bytes, expiresAfter: Duration?, onlyIfAbsent: Bool)
        async throws(BusError) -> Bool
    {
        try await bus.set(key, to: value, expiresAfter: expiresAfter, onlyIfAbsent: onlyIfAbsent)
    }
    func delete(_ key: String) async throws(BusError) -> Bool { try await bus.delete(key) }
    var state: BusState { bus.state }
    func watchState() -> AsyncStream<BusState> { bus.watchState() }
}
