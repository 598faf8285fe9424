import Bus
import Testing

@testable import Kernel

@Suite struct RateTermsTests {
    private typealias Budget = RatePolicy.Budget

    /// Ten requests, one a second; up to three more for those who wait.
    private let terms = RateTerms(
        Budget(1, each: .seconds(1), burst: 10), delayMax: .seconds(3), warningPercent: 80)

    @Test(
        arguments: zip(
            [12, 5, 4, 3, 2, 1, 0],
            [
                (RateDecision.Outcome.allowed, 9, 1), (.allowed, 2, 8), (.warned, 1, 9), (.warned, 0, 10),
                (.delayed(.seconds(1)), 0, 11), (.delayed(.seconds(2)), 0, 12),
                (.delayed(.seconds(3)), 0, 13),
            ]))
    func `a request is allowed, warned or held up by what is left`(
        left: Int, expected: (outcome: RateDecision.Outcome, remaining: Int, reset: Int)
    ) {
        let decision = terms.judge(.taken(remaining: left), isOverdrawn: true)
        #expect(
            decision
                == RateDecision(
                    outcome: expected.outcome, limit: 10, remaining: expected.remaining,
                    resetAfter: .seconds(expected.reset), current: 10 - expected.remaining))
    }

    @Test func `a refused request learns when it may come again, and when all is as at first`() {
        let decision = terms.judge(
            .refused(remaining: 0, retryAfter: .milliseconds(500)), isOverdrawn: true)
        #expect(decision.outcome == .refused(retryAfter: .milliseconds(500)))
        #expect(decision.resetAfter == .milliseconds(12_500))
        #expect((decision.limit, decision.remaining, decision.current) == (10, 0, 10))
    }

    @Test func `without an overdraft nothing is held up`() {
        #expect(terms.judge(.taken(remaining: 0), isOverdrawn: false).outcome == .warned)
        #expect(terms.judge(.taken(remaining: 9), isOverdrawn: false).remaining == 9)
    }

    @Test(arguments: zip([1, 2, 10, 200], [100, 100, 80, 100]))
    func `a threshold of all warns nobody`(burst: Int, percent: Int) {
        let terms = RateTerms(Budget(1, each: .seconds(1), burst: burst), warningPercent: percent)
        let last = terms.judge(.taken(remaining: 0), isOverdrawn: false).outcome
        #expect(last == (percent == 100 ? .allowed : .warned))
    }

    @Test(arguments: [(200, 2, 25, 75), (60, 2, 25, 22), (10, 1, 0, 10), (1, 2, 25, 1), (3, 100, 90, 1)])
    func `a class has room for at least one request`(burst: Int, cost: Int, reserve: Int, limit: Int) {
        let terms = RateTerms(
            Budget(1, each: .seconds(1), burst: burst), cost: cost, reservePercent: reserve,
            warningPercent: 80)
        #expect(terms.limit == limit)
        #expect(terms.bucket.cost <= terms.bucket.burst)
    }

    @Test(arguments: [(0, 0), (-5, -5), (Int.max, Int.max)])
    func `numbers that make no sense become such that do`(count: Int, burst: Int) {
        let terms = RateTerms(
            Budget(count, each: .seconds(1), burst: burst), cost: 1, delayMax: .seconds(5),
            warningPercent: 80)
        #expect(terms.limit >= 1)
        #expect(terms.bucket.interval >= 1)
        #expect(terms.bucket.take(now: 0, fullAt: nil).decision.isTaken)
    }
}
