import Base

/// What the log tells about itself.
struct LogMetrics: Sendable {
    private let events: Counter
    private let duplicates: Counter
    private let failures: Counter
    private let batches: Histogram
    private let durations: DurationHistogram
    private let metrics: Metrics

    init(_ metrics: Metrics) {
        self.metrics = metrics
        events = metrics.counter("log_events_total", "Events that were appended to the log.")
        duplicates = metrics.counter("log_duplicates_total", "Events that were in the log already.")
        failures = metrics.counter("log_append_failures_total", "Calls of append that failed.")
        batches = metrics.histogram(
            "log_batch_events", "How many events one commit took.",
            bounds: [1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1024, 2048, 4096])
        durations = metrics.durations("log_append_seconds", "How long a call of append took.")
    }

    func committed(_ count: Int) { batches.observe(count) }

    func appended(_ results: [Appended], in duration: Duration) {
        var fresh = 0
        for case .new in results { fresh += 1 }
        events.add(fresh)
        duplicates.add(results.count - fresh)
        durations.observe(duration)
    }

    func failed() { failures.add(1) }

    /// Shows what is so at the moment, whenever metrics are read.
    func observe(_ tail: EventTail, _ appender: Appender) {
        metrics.gauge("log_position", "The last position that readers were told of.") {
            Double(tail.end.number)
        }
        metrics.gauge("log_readers", "Readers that are live.") { Double(tail.load.readers) }
        metrics.gauge("log_tail_bytes", "Memory that the end of the log takes, about.") {
            Double(tail.load.bytes)
        }
        metrics.gauge("log_waiting_events", "Events that wait for a commit.") { Double(appender.waiting) }
    }
}
