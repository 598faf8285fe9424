import Base
import HTTPServer
import Testing
import Wire

@testable import System

@Suite struct MetricsRoutesTests {
    @Test(arguments: [
        (nil, "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("application/json", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain, application/openmetrics-text;q=0.2", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.1",
            "application/openmetrics-text; version=1.0.0; charset=utf-8"
        ),
    ])
    func `collectors get the text form that they prefer`(accept: String?, type: String) async throws {
        try await TestServer.run { test, client in
            test.metrics.counter("things_total", "Things.").add(7)
            let fields = accept.map { ["accept: \($0)"] } ?? []
            let answer = try await client.send("GET", "/metrics", fields)
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == type)
            #expect(answer.fields["cache-control"] == "no-store")
            #expect(answer.text.contains("\nthings_total 7\n"))
            #expect(answer.text.hasSuffix("# EOF\n") == type.hasPrefix("application/openmetrics-text"))
        }
    }

    @Test func `the JSON form has the same numbers`() async throws {
        try await TestServer.run { test, client in
            test.metrics.counters("hits_total", "Hits.", labels: ["path"]).labelled("/a\"b").add(3)
            test.metrics.gauge("heat", "Heat.") { .nan }
            let sizes = test.metrics.histogram("sizes", "Sizes.", bounds: [10, 100])
            for size in [5, 10, 50, 500] { sizes.observe(size) }
            let document = try await client.get("/api/v1/system/metrics").json()
            #expect(document["meta"]?["count"] == 3)
            let families = try #require(document["data"]?["families"]?.array)
            #expect(
                families[0] == [
                    "name": "hits_total", "type": "counter", "help": "Hits.",
                    "samples": [["labels": ["path": "/a\"b"], "value": 3]],
                ])
            #expect(families[1]["samples"] == [["labels": [:], "value": nil]])
            let buckets: JSONValue = [
                ["upTo": 10.0, "count": 2], ["upTo": 100.0, "count": 3], ["upTo": nil, "count": 4],
            ]
            #expect(
                families[2]["samples"] == [["labels": [:], "count": 4, "sum": 565.0, "buckets": buckets]])
        }
    }

    @Test func `the program says what it is`() {
        let metrics = Metrics()
        SystemMetrics.add(to: metrics, version: "1.2.3")
        let text = MetricText.prometheus.render(metrics.snapshots()).repairedText
        #expect(text.contains("heliograph_build_info{version=\"1.2.3\",swift=\"6."))
        #expect(text.contains("process_resident_memory_bytes "))
    }
}
