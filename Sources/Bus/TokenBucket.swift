import Base

/// What came of taking tokens.
package enum TokenDecision: Sendable, Equatable {
    /// They were taken; so many are left.
    case taken(remaining: Int)
    /// Nothing was taken; so many are there, and after that time there are enough.
    case refused(remaining: Int, retryAfter: Duration)

    /// Whether the tokens were taken.
    package var isTaken: Bool {
        if case .taken = self { true } else { false }
    }
}

/// A token bucket by the generic cell rate algorithm: all it keeps is the time at which it will be full again.
package struct TokenBucket: Sendable, Equatable {
    /// Time between two tokens, in microseconds.
    package let interval: Int64
    /// How many tokens the bucket holds.
    package let burst: Int64
    /// How many are to be taken.
    package let cost: Int64

    /// Checks what a call of `Bus.take` asks for.
    package init(cost: Int, emissionInterval: Duration, burst: Int) throws(BusError) {
        let microseconds = emissionInterval.microseconds
        guard burst > 0, cost >= 0, microseconds > 0 else {
            throw .misuse(
                "a bucket needs a burst and an interval above zero, and a cost that is not negative")
        }
        guard cost <= burst else { throw .misuse("a cost of \(cost) never fits a burst of \(burst)") }
        // A hundred years of tokens: beyond it neither clocks nor Lua's numbers are exact.
        guard microseconds.multipliedReportingOverflow(by: Int64(burst)).partialValue / microseconds == burst,
            microseconds * Int64(burst) <= 3_155_760_000_000_000
        else { throw .misuse("a bucket of \(burst) tokens fills in more than a hundred years") }
        interval = microseconds
        self.burst = Int64(burst)
        self.cost = Int64(cost)
    }

    /// A bucket whose numbers are brought to where they make sense: all above zero, and a burst that the cost fits.
    package init(clampingCost cost: Int, emissionInterval: Duration, burst: Int) {
        interval = min(max(1, emissionInterval.microseconds), 86_400_000_000)
        self.cost = Int64(min(max(0, cost), 10_000_000))
        self.burst = max(1, self.cost, Int64(min(burst, 10_000_000)))
    }

    /// Takes the cost at `now` from a bucket that is full at `fullAt`, and says when it then will be full.
    ///
    /// Times are in microseconds of any clock.
    package func take(now: Int64, fullAt: Int64?) -> (decision: TokenDecision, fullAt: Int64) {
        let fullAt = max(fullAt ?? now, now)
        let next = fullAt + interval * cost
        let allowedAt = next - interval * burst
        guard allowedAt <= now else {
            let remaining = (now - (fullAt - interval * burst)) / interval
            return (
                .refused(remaining: Int(max(0, remaining)), retryAfter: .microseconds(allowedAt - now)),
                fullAt
            )
        }
        return (.taken(remaining: Int((now - allowedAt) / interval)), next)
    }
}

extension Duration {
    /// The whole microseconds of a duration, within what 64 bits hold.
    package var microseconds: Int64 {
        let (seconds, attoseconds) = components
        let (whole, overflow) = seconds.multipliedReportingOverflow(by: 1_000_000)
        return overflow ? (seconds < 0 ? .min : .max) : whole &+ attoseconds / 1_000_000_000_000
    }

    /// The milliseconds of a duration, rounded up, at least one.
    package var millisecondsRoundedUp: Int64 {
        max(1, microseconds / 1000 + (microseconds % 1000 > 0 ? 1 : 0))
    }
}
