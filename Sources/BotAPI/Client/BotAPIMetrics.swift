internal import Base

/// Counts calls by method and outcome; unknown methods are one, so that the series stay few.
struct BotAPIMetrics: Sendable {
    private let requests: MetricFamily<Counter>
    private let seconds: MetricFamily<DurationHistogram>

    init(_ metrics: Metrics) {
        requests = metrics.counters(
            "botapi_requests_total", "Calls of the Bot API, by method and outcome.",
            labels: ["method", "outcome"], seriesMax: 1000)
        seconds = metrics.durations(
            "botapi_request_seconds", "How long calls of the Bot API took, by method.", labels: ["method"])
    }

    func count(_ method: BotMethod?, _ outcome: BotAPIError.Code?, _ span: Duration, shard: Int) {
        let label = method.flatMap { $0.isKnown ? $0.name : nil } ?? "other"
        requests.labelled(label, outcome?.rawValue ?? "ok").add(shard: shard)
        seconds.labelled(label).observe(span, shard: shard)
    }
}
