/// What becomes of a request, and where its caller's budget stands.
package struct RateDecision: Sendable, Equatable {
    /// What becomes of a request, from the mildest to the hardest.
    package enum Outcome: Sendable, Equatable {
        /// It goes on, and nobody counts it.
        case uncounted
        /// It goes on.
        case allowed
        /// It goes on; most of the budget is used.
        case warned
        /// It goes on after this time, when the budget has caught up; then `RateLimits.endDelay` is owed.
        case delayed(Duration)
        /// It is refused; after that time the budget has room for it.
        case refused(retryAfter: Duration)
        /// It is refused without a look at the budget, because its caller went on after being refused.
        case blocked(retryAfter: Duration)
    }

    /// What becomes of the request.
    package var outcome: Outcome
    /// Requests of this class that the full budget holds.
    package var limit: Int
    /// Requests of this class that are left.
    package var remaining: Int
    /// When the budget is full again.
    package var resetAfter: Duration
    /// Requests that were asked for: beyond the limit, those that were refused lately.
    package var current: Int

    /// A request that nobody counts.
    package static let uncounted = RateDecision(
        outcome: .uncounted, limit: 0, remaining: 0, resetAfter: .zero, current: 0)
}
