import Base
@testable import HTTPServer
import Reactor
import Testing
import Wire

/// What is refused before there is a route is counted like an answer, over either version of HTTP.
@Suite(.timeLimit(.minutes(10))) struct RefusalCountTests {
    private static let hugeField = String(repeating: "b", count: 40_000)

    /// How many answers of a status no route gave.
    private func refusals(_ status: String, in metrics: Metrics) -> Int {
        let all = metrics.snapshots().filter { $0.name == "http_requests_total" }.flatMap(\.series)
        guard case .integer(let count)? = all.first(where: { $0.labels == ["other", "none", status] })?.value
        else { return 0 }
        return Int(count)
    }

    private func expect(
        _ status: String, of sent: Bytes, _ limits: ServerLimits = ServerLimits(), isHTTP2: Bool = false
    ) async throws {
        let metrics = Metrics()
        try await TestServer.run(TestRoutes.all, limits: limits, metrics: metrics) { server in
            let client = try await server.connect()
            try await client.write(sent)
            // HTTP/2 goes on after a refusal; HTTP/1 must have ended the connection.
            if !isHTTP2 { #expect(try await client.readToEnd().hasPrefix("HTTP/1.1 \(status) ")) }
            await Patience.wait("the count", #_sourceLocation) { refusals(status, in: metrics) > 0 }
            #expect(refusals(status, in: metrics) == 1)
            await client.close()
        }
    }

    @Test(arguments: [
        ("400", "NONSENSE\r\n\r\n"), ("400", "GET / HTTP/1.1\r\n\r\n"), ("408", "GET / HT"),
        ("413", "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 99999999\r\n\r\n"),
        ("414", "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nhost: a\r\n\r\n"),
        ("417", "POST /echo HTTP/1.1\r\nhost: a\r\nexpect: more\r\ncontent-length: 2\r\n\r\n"),
        ("431", "GET / HTTP/1.1\r\nhost: a\r\na: \(hugeField)\r\n\r\n"),
        ("505", "GET / HTTP/3.0\r\nhost: a\r\n\r\n"),
    ]) func `a refusal over HTTP 1 is counted once`(status: String, text: String) async throws {
        var limits = ServerLimits()
        limits.headTimeout = .milliseconds(status == "408" ? 30 : 60_000)
        try await expect(status, of: Bytes(text), limits)
    }

    @Test(arguments: [
        ("413", [(":method", "POST"), (":path", "/echo"), ("content-length", "99999999")]),
        ("414", [(":method", "GET"), (":path", "/" + String(repeating: "a", count: 9000))]),
        ("417", [(":method", "POST"), (":path", "/echo"), ("expect", "more")]),
        (
            "431",
            [(":method", "GET"), (":path", "/")] + (0..<200).map { ("a\($0)", "b") }
        ),
    ]) func `a refusal over HTTP 2 is counted once`(status: String, fields: [(String, String)]) async throws {
        let pseudo = fields.filter { $0.0.hasPrefix(":") }
        let others = fields.filter { !$0.0.hasPrefix(":") }
        let block = RawHTTP2.pack(pseudo + [(":scheme", "http"), (":authority", "a.test")] + others)
        let ends: UInt8 = status == "413" || status == "417" ? 4 : 5
        let sent =
            HTTP2Machine.preface.array + RawHTTP2.frame(4, 0, 0, []) + RawHTTP2.frame(1, ends, 1, block)
        try await expect(status, of: Bytes(sent), isHTTP2: true)
    }
}
