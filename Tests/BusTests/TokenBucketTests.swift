import Bus
import Testing

@Suite struct TokenBucketTests {
    /// Five tokens, one a second, taken at these times in milliseconds.
    private func takeAll(_ steps: [(at: Int64, cost: Int)]) throws -> [TokenDecision] {
        var fullAt: Int64?
        return try steps.map { step in
            let bucket = try TokenBucket(cost: step.cost, emissionInterval: .seconds(1), burst: 5)
            let (decision, next) = bucket.take(now: step.at * 1000, fullAt: fullAt)
            fullAt = next
            return decision
        }
    }

    @Test func `a full bucket gives its burst at once`() throws {
        let decisions = try takeAll([(0, 2), (0, 3), (0, 1)])
        #expect(
            decisions == [
                .taken(remaining: 3), .taken(remaining: 0), .refused(remaining: 0, retryAfter: .seconds(1)),
            ])
    }

    @Test func `tokens come back one by one, and no more than fit`() throws {
        let decisions = try takeAll([(0, 5), (1500, 1), (1500, 1), (2000, 1), (60_000, 0)])
        #expect(
            decisions == [
                .taken(remaining: 0), .taken(remaining: 0),
                .refused(remaining: 0, retryAfter: .milliseconds(500)),
                .taken(remaining: 0), .taken(remaining: 5),
            ])
    }

    @Test func `what is refused costs nothing`() throws {
        let decisions = try takeAll([(0, 3), (0, 5), (0, 2)])
        #expect(decisions[1] == .refused(remaining: 2, retryAfter: .seconds(3)))
        #expect(decisions[2] == .taken(remaining: 0))
    }

    @Test(arguments: [
        (1, Duration.zero, 1), (1, .seconds(-1), 1), (-1, .seconds(1), 1), (2, .seconds(1), 1),
        (0, .seconds(1), 0), (1, .seconds(Int64.max / 4), 5), (1, .seconds(1), Int.max),
    ])
    func `buckets that cannot be are refused`(cost: Int, interval: Duration, burst: Int) {
        #expect(throws: BusError.self) {
            try TokenBucket(cost: cost, emissionInterval: interval, burst: burst)
        }
    }
}
