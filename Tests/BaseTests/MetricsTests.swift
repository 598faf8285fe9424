@testable import Base
import Testing

@Suite struct MetricsTests {
    private let metrics = Metrics()

    private func text(_ form: MetricText = .prometheus) -> String {
        form.render(metrics.snapshots()).repairedText
    }

    @Test func `a counter shows the sum over all shards`() {
        let counter = metrics.counter("seen_total", "Things seen.")
        for shard in 0..<40 { counter.add(2, shard: shard) }
        counter.add()
        #expect(counter.value == 81)
        #expect(text() == "# TYPE seen_total counter\n# HELP seen_total Things seen.\nseen_total 81\n")
    }

    @Test func `a gauge shows the sum of what each shard set`() {
        let gauge = metrics.gauge("open_connections", "Connections.")
        gauge.set(5, shard: 0)
        gauge.set(7, shard: 1)
        gauge.set(6, shard: 0)
        gauge.add(3, shard: 1)
        gauge.subtract(1)
        #expect(gauge.value == 15)
    }

    @Test func `counting from many threads loses nothing`() async {
        let counter = metrics.counter("seen_total", "Things seen.")
        let histogram = metrics.histogram("size_bytes", "Sizes.", bounds: [1])
        await withTaskGroup(of: Void.self) { group in
            for shard in 0..<8 {
                group.addTask {
                    for _ in 0..<10_000 {
                        counter.add(shard: shard / 2)
                        histogram.observe(2, shard: shard / 2)
                    }
                }
            }
        }
        #expect(counter.value == 80_000)
        #expect(text().contains("size_bytes_sum 160000\nsize_bytes_count 80000\n"))
    }

    @Test func `a histogram's bucket holds its bound, and buckets add up`() {
        let sizes = metrics.histogram("size_bytes", "Sizes.", bounds: [10, 100])
        for value in [1, 10, 11, 100, 101, 5000] { sizes.observe(value, shard: value) }
        #expect(
            text().hasSuffix(
                """
                size_bytes_bucket{le="10"} 2
                size_bytes_bucket{le="100"} 4
                size_bytes_bucket{le="+Inf"} 6
                size_bytes_sum 5223
                size_bytes_count 6

                """))
    }

    @Test func `spans are shown in seconds`() {
        let spans = metrics.durations("wait_seconds", "Waits.", bounds: [.milliseconds(5), .seconds(1)])
        spans.observe(.milliseconds(5))
        spans.observe(nanoseconds: 5_000_001)
        #expect(
            text().hasSuffix(
                """
                wait_seconds_bucket{le="0.005"} 1
                wait_seconds_bucket{le="1"} 2
                wait_seconds_bucket{le="+Inf"} 2
                wait_seconds_sum 0.010000001
                wait_seconds_count 2

                """))
    }

    @Test func `a histogram may have fourteen bounds`() {
        let spans = metrics.durations("wait_seconds", "Waits.")
        spans.observe(.seconds(31))
        spans.observe(.seconds(30))
        #expect(text().contains("wait_seconds_bucket{le=\"30\"} 1\nwait_seconds_bucket{le=\"+Inf\"} 2\n"))
    }

    @Test func `labels are written in their order and escaped`() {
        let family = metrics.counters("calls_total", "Calls\\of\nall.", labels: ["method", "path"])
        family.labelled("GET", "a\"b\\c\nd").add(1)
        #expect(
            text() == """
                # TYPE calls_total counter
                # HELP calls_total Calls\\\\of\\nall.
                calls_total{method="GET",path="a\\"b\\\\c\\nd"} 1

                """)
    }

    @Test func `the same labels give the same series`() {
        let family = metrics.counters("calls_total", "Calls.", labels: ["method"])
        family.labelled("GET").add(1)
        metrics.counters("calls_total", "Calls.", labels: ["method"]).labelled("GET").add(2)
        #expect(family.labelled("GET").value == 3)
    }

    @Test func `what has no room in a family is counted as other`() {
        let family = metrics.counters("calls_total", "Calls.", labels: ["method", "status"], seriesMax: 2)
        for status in 0..<100 { family.labelled("GET", "\(status)").add() }
        family.labelled("GET", "1").add()
        let text = text()
        #expect(text.contains("calls_total{method=\"GET\",status=\"1\"} 2\n"))
        #expect(text.contains("calls_total{method=\"other\",status=\"other\"} 98\n"))
        #expect(text.contains("heliograph_metrics_overflows_total{family=\"calls_total\"} 98\n"))
    }

    @Test func `a family without series is not shown`() {
        _ = metrics.counters("calls_total", "Calls.", labels: ["method"])
        #expect(text().isEmpty)
        #expect(text(.openMetrics) == "# EOF\n")
    }

    @Test func `OpenMetrics names a counter without its ending, gives units and ends`() {
        metrics.counter("busy_seconds_total", "Busy \"time\".").add(3)
        metrics.histogram("size_bytes", "Sizes.", bounds: [10]).observe(1)
        #expect(
            text(.openMetrics) == """
                # UNIT busy_seconds seconds
                # TYPE busy_seconds counter
                # HELP busy_seconds Busy \\"time\\".
                busy_seconds_total 3
                # UNIT size_bytes bytes
                # TYPE size_bytes histogram
                # HELP size_bytes Sizes.
                size_bytes_bucket{le="10.0"} 1
                size_bytes_bucket{le="+Inf"} 1
                size_bytes_sum 1
                size_bytes_count 1
                # EOF

                """)
    }

    @Test func `a closure is asked each time metrics are read`() {
        let manual = ManualClock()
        let start = manual.moment
        metrics.gauge("age_seconds", "Age.") { Double((manual.moment - start).components.seconds) }
        manual.advance(by: .seconds(7))
        #expect(text().hasSuffix("age_seconds 7\n"))
        manual.advance(by: .seconds(1))
        #expect(text().hasSuffix("age_seconds 8\n"))
    }

    @Test(
        arguments: zip(
            [Double.nan, .infinity, -.infinity, 0.25, -3, 1e300, 1e-7],
            ["NaN", "+Inf", "-Inf", "0.25", "-3", "1e+300", "1e-07"]))
    func `every number has a form`(value: Double, form: String) {
        metrics.gauge("any", "Any.") { value }
        #expect(text().hasSuffix("any \(form)\n"))
    }

    @Test(arguments: ["", "1a", "a-b", "é", "a b", "a_bucket", "a_sum"])
    func `a wrong name is no name for a metric`(name: String) { #expect(!MetricName.isValid(name)) }

    @Test(arguments: ["", "1a", "a:b", "__a", "le"])
    func `a wrong name is no name for a label`(name: String) { #expect(!MetricName.isValidLabel(name)) }

    @Test func `a counter must end in _total`() async {
        await #expect(processExitsWith: .failure) { _ = Metrics().counter("seen", "Seen.") }
    }
}

@Suite struct ProcessMetricsTests {
    @Test func `the own process has memory, files and a start in the past`() throws {
        let values = ProcessMetrics().snapshots().reduce(into: [String: Double]()) { result, snapshot in
            switch snapshot.series.first?.value {
            case .integer(let value): result[snapshot.name] = Double(value)
            case .real(let value): result[snapshot.name] = value
            default: break
            }
        }
        #expect(try #require(values["process_resident_memory_bytes"]) > 1_000_000)
        #expect(try #require(values["process_open_fds"]) >= 3)
        #expect(try #require(values["process_threads"]) >= 1)
        #expect(try #require(values["process_cpu_seconds_total"]) >= 0)
        let now = Double(Clocks.system.now.milliseconds) / 1000
        let start = try #require(values["process_start_time_seconds"])
        #expect(start <= now + 2 && start > now - 86_400)
    }

    @Test func `a process may have any name`() throws {
        let line: Bytes = "7 (a) b (c) S 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20 21 22"
        let status = try #require(ProcessStatus(line))
        #expect(status.userTicks == 11)
        #expect(status.systemTicks == 12)
        #expect(status.threads == 17)
        #expect(status.startTicks == 19)
        #expect(status.virtualBytes == 20)
        #expect(status.residentPages == 21)
    }

    @Test(arguments: [
        "", "7 a", "7 (a) S 1 2", "7 (a) S 1 2 3 4 5 6 7 8 9 10 x 12 13 14 15 16 17 18 19 20 21 22",
    ])
    func `what is no such line is refused`(line: String) { #expect(ProcessStatus(Bytes(line)) == nil) }
}
