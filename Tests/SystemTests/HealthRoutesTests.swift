import Base
import HTTPServer
import Testing
import Wire

@testable import System

@Suite struct HealthRoutesTests {
    @Test(arguments: ["/health", "/api/v1/system/health"])
    func `a server whose parts are well is ready`(path: String) async throws {
        try await TestServer.run { test, client in
            test.health.add("store", isRequired: true) { .ok }
            test.clock.advance(by: .milliseconds(90_999))
            let answer = try await client.get(path)
            #expect(answer.status == 200)
            #expect(answer.fields["cache-control"] == "no-store")
            let data = try #require(try answer.json()["data"])
            #expect(data["status"] == "ok")
            #expect(data["live"] == true)
            #expect(data["ready"] == true)
            #expect(data["version"] == "1.2.3")
            #expect(data["uptimeSeconds"] == 90)
            #expect(data["parts"]?.array?.map { $0["name"] } == ["lifecycle", "store"])
        }
    }

    @Test func `a degraded part leaves the server ready`() async throws {
        try await TestServer.run { test, client in
            test.health.add("store", isRequired: true) { .degraded("slow", age: .milliseconds(20)) }
            let answer = try await client.get("/health")
            #expect(answer.status == 200)
            let data = try answer.json()["data"]
            #expect(data?["status"] == "degraded")
            let part = data?["parts"]?[1]
            #expect(part?["reason"] == "slow")
            #expect(part?["ageMilliseconds"] == 20)
        }
    }

    @Test func `a failed part that is not required only degrades the server`() async throws {
        try await TestServer.run { test, client in
            test.health.add("cache") { .failed("gone") }
            let answer = try await client.get("/health")
            #expect(answer.status == 200)
            #expect(try answer.json()["data"]?["status"] == "degraded")
        }
    }

    @Test func `a failed required part answers 503 with the error and the document`() async throws {
        try await TestServer.run { test, client in
            test.health.add("store", isRequired: true) { .failed("no disk") }
            let answer = try await client.get("/health")
            #expect(answer.status == 503)
            let document = try answer.json()
            #expect(document["success"] == false)
            #expect(document["error"]?["code"] == "UNAVAILABLE")
            #expect(document["error"]?["message"] == "store: no disk")
            #expect(document["data"]?["status"] == "failed")
            #expect(document["data"]?["ready"] == false)
        }
    }

    @Test(arguments: [Health.Phase.starting, .stopping])
    func `a server that starts or stops is not ready`(phase: Health.Phase) async throws {
        try await TestServer.run { test, client in
            test.health.phase = phase
            let answer = try await client.get("/api/v1/system/health")
            #expect(answer.status == 503)
        }
    }
}

@Suite struct HealthPartTests {
    @Test func `open files are counted anew only now and then`() {
        let clock = ManualClock()
        let source = CountingSource()
        let check = DescriptorCheck(source, clocks: clock.clocks)
        #expect(check.health() == .ok)
        clock.advance(by: .seconds(4))
        #expect(check.health() == PartHealth(.ok, age: .seconds(4)))
        #expect(source.asked.value == 1)
        clock.advance(by: .seconds(1))
        #expect(check.health() == .ok)
        #expect(source.asked.value == 2)
    }

    @Test(arguments: zip([899, 900], [PartHealth.Status.ok, .degraded]))
    func `nine tenths of the open files that may be are too many`(open: Int, status: PartHealth.Status) {
        #expect(DescriptorCheck(CountingSource(open: open)).health().status == status)
    }

    @Test func `dropped log lines are held against the log for a minute`() {
        let clock = ManualClock()
        let dropped = Metrics().gauge("dropped", "For the test.")
        let check = DroppedLinesCheck(clocks: clock.clocks) { dropped.value }
        #expect(check.health() == .ok)
        dropped.set(3)
        #expect(check.health() == .degraded("3 log lines were dropped"))
        clock.advance(by: .seconds(59))
        #expect(check.health().status == .degraded)
        clock.advance(by: .seconds(1))
        #expect(check.health() == .ok)
    }
}

/// Says how many files are open, and counts how often it was asked.
private struct CountingSource: MetricSource {
    var open = 1
    let asked = Metrics().counter("asked_total", "For the test.")

    func snapshots() -> [MetricSnapshot] {
        asked.add()
        return [
            MetricSnapshot("process_open_fds", "Open.", .gauge, .integer(Int64(open))),
            MetricSnapshot("process_max_fds", "Most.", .gauge, .integer(1000)),
        ]
    }
}
