import Base
import Foundation
@testable import HTTPServer
import Reactor
import Testing
import Wire

/// What only HTTP/1 can do to a server.
@Suite(.timeLimit(.minutes(10))) struct HTTP1ServingTests {
    private static let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

    /// Sends bytes on a connection of their own and gives back all that comes.
    private func exchange(
        _ text: String, limits: ServerLimits = ServerLimits(), over transport: Transport = .clear,
        _ look: @Sendable (String) -> Void
    ) async throws {
        try await TestServer.run(TestRoutes.all, limits: limits, over: transport) { server in
            look(try await server.exchange(text))
        }
    }

    @Test(arguments: Transport.allCases)
    func `ten thousand requests in one write are answered in their order`(
        transport: Transport
    ) async throws {
        try await TestServer.run(TestRoutes.all, over: transport) { server in
            let client = try await server.connect()
            let text = (0..<10_000).map { "GET /users/\($0) HTTP/1.1\r\nhost: a\r\n\r\n" }.joined()
            for _ in 0..<10_000 { await client.expect("GET") }
            try await client.push(Bytes(text))
            for index in 0..<10_000 {
                let answer = try await client.answer()
                guard answer.text == "\(index)" else { throw ClientFailure("\(index): \(answer)") }
            }
            await client.close()
        }
    }

    @Test func `a client that sends requests and never reads is not read from without bound`() async throws {
        try await TestServer.run(TestRoutes.all) { server in
            let client = try await server.connect()
            let text = Bytes(
                String(repeating: "GET /large/100000 HTTP/1.1\r\nhost: a\r\n\r\n", count: 500_000))
            try await client.push(text)
            // The server stops to read, and so the client's queue stops to shrink.
            var (queued, same) = (await client.queued, 0)
            while same < 20 {
                try await Task.sleep(for: .milliseconds(10))
                let now = await client.queued
                (same, queued) = (now == queued ? same + 1 : 0, now)
            }
            #expect(queued > 1_000_000)
            let other = try await server.connect()
            #expect(try await other.send(ClientRequest("/")).status == 200)
            await other.close()
            await client.close()
        }
    }

    @Test func `requests of all kinds behind each other are told apart`() async throws {
        let text =
            Self.get + "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nhello"
            + "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\none\r\n3\r\ntwo\r\n0\r\n\r\n"
            + "HEAD / HTTP/1.1\r\nhost: a\r\n\r\n" + "GET /empty HTTP/1.1\r\nhost: a\r\n\r\n"
            + "POST /ignore HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\n\r\nGET"
            + "GET /nowhere HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n" + Self.get
        try await exchange(text) { answers in
            let statuses = answers.matches(of: /HTTP\/1\.1 (\d+)/).map { String($0.1) }
            #expect(statuses == ["200", "200", "200", "200", "204", "200", "404"])
            #expect(answers.contains("\r\n\r\nhello") && answers.contains("\r\n\r\nonetwo"))
        }
    }

    @Test(arguments: [
        ("GET / HTTP/1.0\r\n\r\n", "connection: close", 1),
        (
            "GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\nGET / HTTP/1.0\r\n\r\n",
            "connection: keep-alive", 2
        ),
        ("GET / HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n" + get, "connection: close", 1),
        ("GET / HTTP/1.1\r\nhost: a\r\nconnection: Foo, Close\r\n\r\n" + get, "connection: close", 1),
    ]) func `the connection lives as long as was agreed`(text: String, field: String, count: Int) async throws
    {
        try await exchange(text) { answers in
            #expect(answers.matches(of: /HTTP\/1\.1 200 OK/).count == count)
            #expect(answers.contains(field))
        }
    }

    @Test func `an old client gets a streamed answer that ends with the connection`() async throws {
        try await exchange("GET /parts/3 HTTP/1.0\r\nconnection: keep-alive\r\n\r\n") { answer in
            #expect(answer.hasSuffix("\r\n\r\npart 0;part 1;part 2;"))
            #expect(answer.contains("connection: close"))
            #expect(!answer.contains("transfer-encoding"))
        }
    }

    @Test func `an answer to an old client that breaks off ends in a reset`() async throws {
        try await TestServer.run(TestRoutes.all) { server in
            let client = try await server.connect()
            try await client.write("GET /breaks HTTP/1.0\r\n\r\n")
            await #expect(throws: StreamError.self) { while try await client.fill() {} }
            await client.close()
        }
    }

    @Test func `a target that names the whole address is understood`() async throws {
        try await exchange("GET http://other.test/query?q=1 HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n")
        {
            #expect($0.hasSuffix("\r\n\r\n1"))
        }
    }

    @Test(arguments: ["CONNECT a:80", "GET *", "GET a:80"]) func `a target without a path is refused`(
        start: String
    )
        async throws
    {
        try await exchange("\(start) HTTP/1.1\r\nhost: a\r\nconnection: close\r\n\r\n") {
            #expect($0.hasPrefix("HTTP/1.1 400 "))
        }
    }

    @Test func `a client that ends its half is still answered`() async throws {
        try await TestServer.run(TestRoutes.all) { server in
            let client = try await server.connect()
            try await client.write(Self.get + Self.get + "GET /loop HTTP/1.1\r\nhost: a\r\n\r\n")
            try await client.finishWriting()
            let answers = try await client.readToEnd()
            #expect(answers.matches(of: /HTTP\/1\.1 200 OK/).count == 3)
            await client.close()
        }
    }

    // MARK: Expectations

    @Test func `a client that waits for it is told to continue`() async throws {
        try await TestServer.run(TestRoutes.all) { server in
            let client = try await server.connect()
            let request = ClientRequest(
                "POST", "/echo", fields: [("expect", "100-continue")], body: ["hello"])
            try await client.begin(request)
            #expect(try await client.answerHead().status == 100)
            try await client.sendPart("hello")
            #expect(try await client.answer().text == "hello")
            #expect(try await client.send(ClientRequest("/")).status == 200)
            await client.close()
        }
    }

    @Test func `a client that expects to continue is told so before a streamed answer, not in it`()
        async throws
    {
        try await TestServer.run(TestRoutes.all) { server in
            let client = try await server.connect()
            try await client.begin(
                ClientRequest("POST", "/stream", fields: [("expect", "100-continue")], body: ["a", "b"]))
            #expect(try await client.answerHead().status == 100)
            try await client.sendPart("hello")
            try await client.endBody([])
            #expect(try await client.answer().text == "hello")
            await client.close()
        }
    }

    @Test func `a body that came without being asked for needs no word`() async throws {
        try await TestServer.run(TestRoutes.all) { server in
            let client = try await server.connect()
            await client.expect("POST")
            try await client.write(
                "POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\nhi")
            #expect(try await client.answer().text == "hi")
            await client.close()
        }
    }

    @Test(arguments: [
        ("POST /echo HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 99999999\r\n\r\n", "413"),
        ("POST /echo HTTP/1.1\r\nhost: a\r\nexpect: something\r\ncontent-length: 2\r\n\r\n", "417"),
        ("POST /ignore HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n", "200"),
        ("POST /nowhere HTTP/1.1\r\nhost: a\r\nexpect: 100-continue\r\ncontent-length: 2\r\n\r\n", "404"),
    ]) func `who is refused or not needed is not told to continue`(text: String, status: String) async throws
    {
        try await exchange(text) { answer in
            #expect(answer.hasPrefix("HTTP/1.1 \(status) "))
            #expect(answer.contains("connection: close"))
            #expect(!answer.contains("100 Continue"))
        }
    }

    // MARK: Refusals

    @Test(
        arguments: Transport.allCases,
        [
            ("NONSENSE\r\n\r\n", "400", "BAD_REQUEST"), ("GET / HTTP/1.1\nhost: a\n\n", "400", "BAD_REQUEST"),
            ("GET / HTTP/1.1\r\n\r\n", "400", "BAD_REQUEST"),
            ("GET / HTTP/3.0\r\nhost: a\r\n\r\n", "505", "HTTP_VERSION_NOT_SUPPORTED"),
            ("GET / HTTP/1.1\r\nhost: a\r\na: b\r\n c\r\n\r\n", "400", "BAD_REQUEST"),
            (
                "POST / HTTP/1.1\r\nhost: a\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n",
                "400", "BAD_REQUEST"
            ),
            ("POST / HTTP/1.1\r\nhost: a\r\ntransfer-encoding: gzip\r\n\r\n", "400", "BAD_REQUEST"),
            (
                "GET /\(String(repeating: "a", count: 9000)) HTTP/1.1\r\nhost: a\r\n\r\n", "414",
                "URI_TOO_LONG"
            ),
            (
                "GET / HTTP/1.1\r\nhost: a\r\na: \(String(repeating: "b", count: 40_000))\r\n\r\n", "431",
                "HEADERS_TOO_LARGE"
            ),
            (
                "GET / HTTP/1.1\r\nhost: a\r\n\(String(repeating: "a: b\r\n", count: 200))\r\n", "431",
                "HEADERS_TOO_LARGE"
            ),
            (
                "POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 18446744073709551615\r\n\r\n", "413",
                "PAYLOAD_TOO_LARGE"
            ),
            (
                "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n", "400",
                "BAD_REQUEST"
            ),
        ]) func `what is not a request is refused, and the connection ends`(
            transport: Transport, refusal: (String, String, String)
        ) async throws
    {
        try await exchange(refusal.0, over: transport) { answer in
            #expect(answer.hasPrefix("HTTP/1.1 \(refusal.1) "), "\(refusal.0.prefix(80)): \(answer)")
            #expect(answer.contains("\"code\":\"\(refusal.2)\""))
            #expect(answer.contains("connection: close"))
        }
    }

    @Test func `what stands before a refused request is answered, what stands behind it is not`() async throws
    {
        try await exchange(Self.get + Self.get + "BAD\r\n\r\n" + Self.get) { answers in
            let statuses = answers.matches(of: /HTTP\/1\.1 (\d+)/).map { String($0.1) }
            #expect(statuses == ["200", "200", "400"])
        }
    }

    @Test func `a chunk that is broken off in the middle of a handler's reading is refused`() async throws {
        try await TestServer.run(TestRoutes.all) { server in
            let client = try await server.connect()
            await client.expect("POST")
            try await client.write(
                "POST /echo HTTP/1.1\r\nhost: a\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n")
            try await Task.sleep(for: .milliseconds(5))
            try await client.write("nonsense\r\n")
            let answer = try await client.answer()
            #expect(answer.status == 400)
            #expect(answer["connection"] == "close")
            await client.close()
        }
    }

    @Test func `a body that ends early is refused`() async throws {
        try await TestServer.run(TestRoutes.all) { server in
            let client = try await server.connect()
            await client.expect("POST")
            try await client.write("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5\r\n\r\nab")
            try await client.finishWriting()
            let answer = try await client.answer()
            #expect(answer.status == 400)
            #expect(answer["connection"] == "close")
            await client.close()
        }
    }

    // MARK: Clients that vanish

    @Test(arguments: Transport.allCases) func `a handler whose client is gone by a reset is cancelled`(
        transport: Transport
    ) async throws {
        let (began, ended) = (Gate(), Gate())
        let route = Route(.get, "/wait", .open) { request in
            await began.open()
            do { try await request.connection.loop.sleep(for: .seconds(100)) } catch { await ended.open() }
            return Response()
        }
        try await TestServer.run([route], over: transport) { server in
            let client = try await server.connect()
            try await client.write("GET /wait HTTP/1.1\r\nhost: a\r\n\r\n")
            await began.wait()
            await client.reset()
            await ended.wait()
            await server.waitForConnections(0)
        }
    }

    @Test(arguments: Transport.allCases)
    func `a client that vanishes in the middle of its body leaves nothing behind`(
        transport: Transport
    ) async throws {
        try await TestServer.run(TestRoutes.all, over: transport) { server in
            for way in 0..<3 {
                let client = try await server.connect()
                try await client.write("POST /echo HTTP/1.1\r\nhost: a\r\ncontent-length: 5000\r\n\r\nabc")
                if way == 0 { await client.close() }
                if way == 1 { await client.reset() }
                if way == 2 { try await client.finishWriting() }
                if way == 2 { _ = try await client.readToEnd() }
                await client.close()
                await server.waitForConnections(0)
            }
            let other = try await server.connect()
            #expect(try await other.send(ClientRequest("/")).status == 200)
            await other.close()
        }
    }

    @Test func `a client that vanishes in the middle of its answer ends the handler's writing`() async throws
    {
        let ended = Gate()
        let route = Route(.get, "/endless", .open) { _ in
            .stream { writer in
                do { while true { try await writer.write(Bytes([UInt8](repeating: 1, count: 65536))) } } catch
                {
                    await ended.open()
                    throw error
                }
            }
        }
        try await TestServer.run([route]) { server in
            let client = try await server.connect()
            try await client.write("GET /endless HTTP/1.1\r\nhost: a\r\n\r\n")
            try await client.fill()
            await client.close()
            await ended.wait()
            await server.waitForConnections(0)
        }
    }

    @Test func `a writer that is kept beyond its answer writes into no other`() async throws {
        let kept = Kept()
        let routes = [
            Route(.get, "/keep", .open) { _ in
                .stream { writer in
                    await kept.keep(writer)
                    try await writer.write("first")
                }
            },
            Route(.get, "/use", .open) { _ in
                .stream { writer in
                    await kept.write("intruder")
                    try await writer.write("second")
                }
            },
        ]
        try await TestServer.run(routes) { server in
            let client = try await server.connect()
            #expect(try await client.send(ClientRequest("/keep")).text == "first")
            #expect(try await client.send(ClientRequest("/use")).text == "second")
            await client.close()
        }
    }
}

/// Holds on to what should have been let go.
private actor Kept {
    private var writer: ResponseWriter?
    func keep(_ writer: ResponseWriter) { self.writer = writer }
    func write(_ bytes: Bytes) async { try? await writer?.write(bytes) }
}
