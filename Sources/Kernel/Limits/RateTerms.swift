import Bus

/// What a request of one class is measured by: pure numbers, made once for a policy.
///
/// All classes of one caller draw on the same bucket. A class is its cost, and how far down it may take the bucket: the
/// state of a bucket is the time at which it will be full, so each request may see it as large as it likes.
struct RateTerms: Sendable {
    /// The bucket as far as this class may use it.
    let bucket: TokenBucket
    /// The same with an overdraft, which is paid for by waiting.
    let overdrawn: TokenBucket
    /// Requests that the full bucket holds.
    let limit: Int
    private let warnedBelow: Int

    /// The terms of requests that cost so much and leave so much to others.
    init(
        _ budget: RatePolicy.Budget, cost: Int = 1, reservePercent: Int = 0, delayMax: Duration = .zero,
        warningPercent: Int
    ) {
        // What is left after the reserve is at least one request: a class that nothing fits would be a wall.
        let burst = max(cost, budget.burst - budget.burst * reservePercent / 100)
        bucket = TokenBucket(clampingCost: cost, emissionInterval: budget.interval, burst: burst)
        let overdraft = Int(delayMax.microseconds / bucket.interval)
        overdrawn = TokenBucket(
            clampingCost: cost, emissionInterval: budget.interval, burst: burst + overdraft)
        limit = burst / cost
        // Whole numbers: 8 of 10 are not more than 80 percent, 9 are.
        warnedBelow = (limit * (100 - warningPercent) + 99) / 100
    }

    /// What a bucket's answer means for the request; it had an overdraft or not.
    func judge(_ answer: TokenDecision, isOverdrawn: Bool) -> RateDecision {
        let asked = isOverdrawn ? overdrawn : bucket
        let overdraft = Int(asked.burst - bucket.burst)
        switch answer {
        case .taken(let left) where left < overdraft:
            return decision(.delayed(time(overdraft - left)), 0, resetAfter: time(Int(asked.burst) - left))
        case .taken(let left):
            let remaining = (left - overdraft) / Int(bucket.cost)
            return decision(
                remaining < warnedBelow ? .warned : .allowed, remaining,
                resetAfter: time(Int(asked.burst) - left))
        case .refused(_, let wait):
            // After that wait the rest of the bucket is what the request may not have.
            let resetAfter = wait + time(Int(asked.burst - asked.cost))
            return decision(.refused(retryAfter: wait), 0, resetAfter: resetAfter)
        }
    }

    /// What a caller is told that the bucket was not asked about.
    func blocked(for time: Duration) -> RateDecision {
        decision(.blocked(retryAfter: time), 0, resetAfter: time)
    }

    private func decision(_ outcome: RateDecision.Outcome, _ remaining: Int, resetAfter: Duration)
        -> RateDecision
    {
        RateDecision(
            outcome: outcome, limit: limit, remaining: remaining, resetAfter: resetAfter,
            current: limit - remaining)
    }

    private func time(_ tokens: Int) -> Duration { .microseconds(bucket.interval * Int64(tokens)) }
}
