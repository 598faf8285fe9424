/// A token bucket on a clock that the caller reads.
package struct RateBudget: Sendable {
    private static let unit: UInt64 = 1_000_000_000
    private let capacity: UInt64
    private let perSecond: UInt64
    /// Tokens, in billionths: so many nanoseconds at a rate of one a second.
    private var tokens: UInt64
    private var last: UInt64?

    /// A full bucket of `burst` tokens that gets `perSecond` back each second.
    package init(burst: UInt32, perSecond: UInt32) {
        capacity = UInt64(burst) * Self.unit
        self.perSecond = UInt64(perSecond)
        tokens = capacity
    }

    /// Takes one token at a moment in nanoseconds; false when there is none.
    package mutating func spend(at now: UInt64) -> Bool {
        // A clock that goes back, or that never was read, brings nothing.
        let elapsed = last.map { now > $0 ? now - $0 : 0 } ?? 0
        last = now
        let (earned, overflow) = elapsed.multipliedReportingOverflow(by: perSecond)
        let (sum, overflowed) = tokens.addingReportingOverflow(earned)
        tokens = overflow || overflowed ? capacity : min(capacity, sum)
        guard tokens >= Self.unit else { return false }
        tokens -= Self.unit
        return true
    }
}
