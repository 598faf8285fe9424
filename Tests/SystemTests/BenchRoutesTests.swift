import Base
import HTTPServer
import Testing
import Wire

@testable import System

@Suite struct BenchRoutesTests {
    @Test func `they are not there unless they are asked for`() {
        let system = SystemRoutes(
            health: Health(version: "1"), metrics: Metrics(), version: "1", publicURL: nil, benchLoops: nil)
        #expect(!system.routes().contains { $0.pattern.text.hasPrefix("/bench") })
    }

    @Test func `json is an object of about sixty bytes`() async throws {
        try await TestServer.run { _, client in
            let answer = try await client.get("/bench/json")
            #expect(answer.fields["content-type"] == "application/json")
            #expect(try answer.json()["ok"] == true)
            #expect((55...70).contains(answer.body.count))
        }
    }

    @Test(arguments: [0, -1, 9_223_372_036_854_775_807])
    func `echo answers with the number it was sent`(number: Int) async throws {
        try await TestServer.run { _, client in
            let body = "{\"message\":{\"text\":\"hi\"},\"update_id\":\(number)}"
            let answer = try await client.post("/bench/echo", body)
            #expect(answer.status == 200)
            #expect(answer.text == "{\"ok\":true,\"update_id\":\(number)}")
        }
    }

    @Test(arguments: [
        ("{\"update_id\":", 400, "MALFORMED_JSON"),
        ("", 400, "MALFORMED_JSON"),
        ("{\"update_id\":\"1\"}", 422, "VALIDATION_FAILED"),
        ("{\"update_id\":1.5}", 422, "VALIDATION_FAILED"),
        ("{}", 422, "VALIDATION_FAILED"),
        ("[1]", 422, "VALIDATION_FAILED"),
    ])
    func `echo refuses what has no number`(body: String, status: Int, code: String) async throws {
        try await TestServer.run { _, client in
            let answer = try await client.post("/bench/echo", body)
            #expect(answer.status == status)
            #expect(try answer.json()["error"]?["code"]?.string == code)
        }
    }

    @Test func `sse sends so many events`() async throws {
        try await TestServer.run { _, client in
            let answer = try await client.get("/bench/sse?count=3000")
            #expect(answer.fields["content-type"] == "text/event-stream")
            var decoder = SSEDecoder()
            var events: [ServerSentEvent] = []
            try decoder.decode(answer.body) { events.append($0) }
            #expect(events.count == 3000)
            #expect(events.last == ServerSentEvent(id: "2999", data: "{\"number\":2999}"))
        }
    }

    @Test(arguments: [
        "/bench/sse?count=100001", "/bench/sse?count=-1", "/bench/sse?count=x", "/bench/slow?ms=60001",
        "/bench/slow?ms=",
    ])
    func `numbers of the query that are none or too large are refused`(path: String) async throws {
        try await TestServer.run { _, client in
            let answer = try await client.get(path)
            #expect(answer.status == 422)
            let error = try answer.json()["error"]
            #expect(error?["code"] == "VALIDATION_FAILED")
            #expect(error?["details"]?["path"]?.string?.hasPrefix("query.") == true)
        }
    }

    @Test func `large is JSON of some two hundred kilobytes`() async throws {
        try await TestServer.run { _, client in
            let answer = try await client.get("/bench/large")
            #expect((180_000...230_000).contains(answer.body.count))
            #expect(try answer.json()["data"]?.array?.count == 1500)
        }
    }

    @Test func `large goes as gzip to whoever takes it`() async throws {
        try await TestServer.run { _, client in
            let plain = try await client.get("/bench/large")
            let packed = try await client.get("/bench/large", "accept-encoding: gzip, br")
            #expect(plain.fields["content-encoding"] == nil)
            #expect(plain.fields["vary"] == "accept-encoding")
            #expect(packed.fields["content-encoding"] == "gzip")
            #expect(packed.fields["vary"] == "accept-encoding")
            #expect(packed.body.count < plain.body.count / 4)
            #expect(try gunzip(packed.body, bytesMax: 1 << 20) == plain.body)
        }
    }

    @Test func `slow answers when its time has come`() async throws {
        try await TestServer.run { _, client in
            let answer = try await client.get("/bench/slow?ms=20")
            let document = try answer.json()
            #expect(document["data"]?["milliseconds"] == 20)
            #expect(document["meta"]?["executionTime"]?.int64 ?? 0 >= 20)
        }
    }

    @Test(arguments: [0, 1, 100_000, 3_000_000])
    func `sink counts what it is sent`(count: Int) async throws {
        try await TestServer.run { _, client in
            let answer = try await client.post("/bench/sink", String(repeating: "x", count: count))
            #expect(try answer.json()["data"]?["bytes"]?.int64 == Int64(count))
        }
    }
}
