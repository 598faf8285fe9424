/// How long to wait before the next attempt: twice as long each time, up to a bound, and by chance up to half less, so
/// that nodes that lost the same server do not come back all at once.
struct Backoff: Sendable {
    private let first: Duration
    private let longest: Duration
    private var ceiling: Duration

    init(first: Duration, longest: Duration) {
        (self.first, self.longest) = (first, longest)
        ceiling = first
    }

    /// The wait before the next attempt.
    mutating func next() -> Duration {
        let wait = ceiling * Double.random(in: 0.5...1)
        ceiling = min(ceiling * 2, longest)
        return wait
    }

    /// An attempt was a success.
    mutating func reset() { ceiling = first }
}
