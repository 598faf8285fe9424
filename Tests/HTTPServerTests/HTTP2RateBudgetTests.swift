import HTTPServer
import Testing

@Suite struct HTTP2RateBudgetTests {
    private func spends(_ count: Int, _ budget: inout RateBudget, at now: UInt64) -> [Bool] {
        var results: [Bool] = []
        for _ in 0..<count { results.append(budget.spend(at: now)) }
        return results
    }

    @Test func `a burst is allowed and then one at a time`() {
        var budget = RateBudget(burst: 3, perSecond: 2)
        #expect(spends(4, &budget, at: 1000) == [true, true, true, false])
        #expect(spends(1, &budget, at: 1000 + 499_999_999) == [false])
        #expect(spends(1, &budget, at: 1000 + 500_000_000) == [true])
        #expect(spends(1, &budget, at: 1000 + 500_000_001) == [false])
    }

    @Test func `an idle bucket holds no more than its burst`() {
        var budget = RateBudget(burst: 2, perSecond: 1_000_000)
        #expect(spends(1, &budget, at: 5) == [true])
        #expect(spends(3, &budget, at: .max) == [true, true, false])
    }

    @Test func `a clock that goes back brings nothing`() {
        var budget = RateBudget(burst: 1, perSecond: 1)
        #expect(spends(1, &budget, at: 10_000_000_000) == [true])
        #expect(spends(1, &budget, at: 1) == [false])
    }
}
