import Base

/// What is counted about limits.
struct RateMetrics: Sendable {
    private static let words = ["allowed", "warned", "delayed", "refused", "blocked"]

    private let counters: [[Counter]]
    /// Requests that this node counted by itself although there is a bus.
    let fallbacks: Counter
    /// Requests whose credentials were not looked at.
    let unchecked: Counter

    init(_ metrics: Metrics) {
        let family = metrics.counters(
            "rate_limit_decisions_total", "What became of requests that are counted.",
            labels: ["class", "decision"])
        counters = RateClass.allCases.map { rate in
            rate == .unlimited ? [] : Self.words.map { family.labelled(rate.rawValue, $0) }
        }
        fallbacks = metrics.counter(
            "rate_limit_fallbacks_total", "Requests that a node counted by itself while the bus was away.")
        unchecked = metrics.counter(
            "rate_limit_unchecked_credentials_total",
            "Requests whose credentials were not looked at after too many wrong ones.")
    }

    func count(_ rate: RateClass, _ outcome: RateDecision.Outcome, shard: Int) {
        let (row, column): (Int, Int)
        switch rate {
        case .interactive: row = 0
        case .bulk: row = 1
        case .signIn: row = 2
        case .unlimited: return
        }
        switch outcome {
        case .uncounted: return
        case .allowed: column = 0
        case .warned: column = 1
        case .delayed: column = 2
        case .refused: column = 3
        case .blocked: column = 4
        }
        counters[row][column].add(shard: shard)
    }
}
