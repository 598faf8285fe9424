package import Base
package import Bus
import Synchronization

/// Counts requests and says which of them go on.
///
/// With a bus all nodes share the budgets, and a decision takes one round trip. Without one, and for a second after each
/// failure of it, budgets are kept in this process, and a decision takes some hundred nanoseconds and waits for nothing.
/// Memory is bounded: beyond its bounds those who used least of their budgets are forgotten, as if theirs were full.
package final class RateLimits: Sendable {
    /// After a failure of the bus it is left alone for so long, so that not each request waits for its timeout.
    private static let busRest = Duration.seconds(1)

    private let plan: Mutex<RatePlan>
    private let bus: (any Bus)?
    private let clocks: Clocks
    private let metrics: RateMetrics
    private let budgets: ExpiringTable<Void>
    private let offenders: Offenders
    private let delayed = Atomic<Int>(0)
    private let busRestsUntil = Atomic<Int64>(.min)

    /// Limits by a policy; `budgetsMax` budgets are kept in this process, and half as many callers that were refused.
    package init(
        _ policy: RatePolicy = RatePolicy(), bus: (any Bus)? = nil, metrics: Metrics = Metrics(),
        clocks: Clocks = .system, budgetsMax: Int = 131_072
    ) {
        plan = Mutex(RatePlan(policy))
        self.bus = bus
        self.clocks = clocks
        self.metrics = RateMetrics(metrics)
        budgets = ExpiringTable(max: budgetsMax, empty: ())
        offenders = Offenders(max: budgetsMax / 2)
    }

    /// What holds now.
    package var policy: RatePolicy { plan.withLock { $0 }.policy }

    /// Has another policy hold from now on; what was used stays used.
    package func update(_ policy: RatePolicy) {
        let new = RatePlan(policy)
        plan.withLock { $0 = new }
    }

    /// Counts a request, and says what becomes of it.
    ///
    /// `subject` is the caller's (`user:7`, `key:ab12`), nil where nobody is signed in; `shard` the event loop's index.
    package func decide(_ rate: RateClass, subject: String?, address: RateAddress, shard: Int = 0) async
        -> RateDecision
    {
        let plan = plan.withLock { $0 }
        guard let (key, terms) = plan.budget(of: rate, subject: subject, address: address) else {
            return .uncounted
        }
        let count = Count(rate: rate, tag: key.tag, terms: terms, now: clocks.moment)
        var decision: RateDecision
        if let blocked = blocked(count) {
            decision = blocked
        } else {
            let isOverdrawn = delayed.load(ordering: .relaxed) < plan.policy.delayedMax
            let bucket = isOverdrawn ? terms.overdrawn : terms.bucket
            let answer: TokenDecision
            if let bus, count.now.nanoseconds >= busRestsUntil.load(ordering: .relaxed) {
                answer = await take(bucket, key, count, bus)
            } else {
                if bus != nil { metrics.fallbacks.add(shard: shard) }
                answer = take(bucket, count.tag, count.now)
            }
            decision = terms.judge(answer, isOverdrawn: isOverdrawn)
            finish(&decision, count, plan.policy)
        }
        metrics.count(rate, decision.outcome, shard: shard)
        return decision
    }

    /// Gives the place back of a request that was held up.
    package func endDelay() { delayed.wrappingSubtract(1, ordering: .relaxed) }

    // MARK: Credentials

    /// How long credentials from an address are not looked at, after too many wrong ones; nil where they are.
    ///
    /// Meant for what is not known to be right already: a look-up that a cache answers needs no leave. Whoever shares the
    /// address with somebody who guesses has to wait as well. The count is of this node alone, so that guessing cannot
    /// be used to keep the bus busy.
    package func credentialsWait(from address: RateAddress, shard: Int = 0) -> Duration? {
        let plan = plan.withLock { $0 }
        guard plan.policy.isEnabled else { return nil }
        let now = clocks.moment
        let bucket = plan.wrongCredentials.bucket
        let (answer, _) = budgets.change(RateKey.wrongCredentials(address).tag, at: now.microseconds) {
            bucket.take(now: now.microseconds, fullAt: $0?.until)
        }
        guard case .refused(_, let wait) = answer else { return nil }
        metrics.unchecked.add(shard: shard)
        return wait
    }

    /// Notes that an address showed credentials that are wrong.
    package func noteWrongCredentials(from address: RateAddress) {
        let plan = plan.withLock { $0 }
        _ = take(plan.wrongCredentials.bucket, RateKey.wrongCredentials(address).tag, clocks.moment)
    }

    // MARK: Counting

    /// One request that is being counted.
    private struct Count {
        let rate: RateClass
        let tag: UInt64
        let terms: RateTerms
        let now: Moment

        /// Bulk and interactive requests share a budget, but not a block: bulk must not shut interactive ones out.
        var offender: UInt64 { rate == .bulk ? ~tag : tag }
    }

    private func blocked(_ count: Count) -> RateDecision? {
        guard let (time, refusals) = offenders.blocked(count.offender, at: count.now) else { return nil }
        var decision = count.terms.blocked(for: time)
        decision.current += refusals
        return decision
    }

    /// Finds a place for a request that is to be held up, and notes one that is refused.
    private func finish(_ decision: inout RateDecision, _ count: Count, _ policy: RatePolicy) {
        if case .delayed(let time) = decision.outcome,
            delayed.wrappingAdd(1, ordering: .relaxed).newValue > policy.delayedMax
        {
            // Others came between the look and the step. The token is lost, which costs its caller no more than that.
            endDelay()
            decision.outcome = .refused(retryAfter: time)
        }
        guard case .refused = decision.outcome else { return }
        let (time, refusals) = offenders.refused(count.offender, at: count.now, by: policy)
        decision.current += refusals
        if let time {
            decision.outcome = .blocked(retryAfter: time)
            decision.resetAfter = time
        }
    }

    /// Takes from the budget that all nodes share, or from this node's while the bus is away.
    private func take(_ bucket: TokenBucket, _ key: RateKey, _ count: Count, _ bus: any Bus) async
        -> TokenDecision
    {
        do throws(BusError) {
            return try await bus.take(
                key.name, cost: Int(bucket.cost), emissionInterval: .microseconds(bucket.interval),
                burst: Int(bucket.burst))
        } catch {
            // Also what the bus refuses: better counted here than not at all.
            busRestsUntil.max((clocks.moment + Self.busRest).nanoseconds, ordering: .relaxed)
            metrics.fallbacks.add()
            return take(bucket, count.tag, count.now)
        }
    }

    private func take(_ bucket: TokenBucket, _ tag: UInt64, _ now: Moment) -> TokenDecision {
        budgets.change(tag, at: now.microseconds) { kept in
            let (decision, fullAt) = bucket.take(now: now.microseconds, fullAt: kept?.until)
            if decision.isTaken { kept = .init(value: (), until: fullAt) }
            return decision
        }
    }

    /// How many budgets are not full, how many callers were refused, and the places for both; for tests.
    package var occupancy: (budgets: (kept: Int, places: Int), offenders: (kept: Int, places: Int)) {
        let now = clocks.moment
        return (budgets.count(at: now.microseconds), offenders.count(at: now))
    }
}

extension Moment {
    fileprivate var microseconds: Int64 { nanoseconds / 1000 }
}
