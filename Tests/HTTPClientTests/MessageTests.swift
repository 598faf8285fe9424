import Base
import HTTPClient
import Synchronization
import Testing
import Wire

@Suite struct HTTPClientMessageTests {
    /// Answers with what it was asked.
    @Sendable private static func echo(_ connection: TestConnection, _ request: TestRequest) {
        let fields = request.fields.map { "\($0.name): \($0.value)\n" }.joined()
        connection.answer(200, "\(request.line)\n\(fields)\n" + String(decoding: request.body, as: UTF8.self))
    }

    private func echoed(_ request: (TestServer) -> HTTPClientRequest) async throws -> String {
        try await withServer(answer: Self.echo) { server, client in
            let response = try await client.send(request(server))
            #expect(response.status == 200)
            return response.body.repairedText
        }
    }

    @Test func `a GET brings status, fields and body`() async throws {
        try await withServer(answer: { connection, _ in
            connection.answer(203, "hello", fields: "X-One: 1\r\nx-two:  two words \r\nX-One: again\r\n")
        }) { server, client in
            let response = try await client.send(HTTPClientRequest(.get, server.url()))
            #expect(response.status == 203)
            #expect(response.body == "hello")
            #expect(response.fields.all("x-one") == ["1", "again"])
            #expect(response.fields["x-two"] == "two words")
            #expect(response.head.version == "1.1")
        }
    }

    @Test(arguments: ["POST", "PUT", "PATCH", "DELETE", "GET", "PURGE"])
    func `a body is sent with its length and nothing that was not asked for`(method: String) async throws {
        let text = try await echoed { server in
            HTTPClientRequest(
                HTTPMethod(method), server.url("/a?b=c"),
                fields: ["content-type": "application/json", "x-empty": ""],
                body: .bytes("{\"a\":1}"))
        }
        #expect(text.hasPrefix("\(method) /a?b=c HTTP/1.1\n"))
        #expect(text.contains("\ncontent-length: 7\n"))
        #expect(text.contains("\ncontent-type: application/json\n"))
        #expect(text.contains("\nuser-agent: heliograph\n"))
        #expect(text.contains("\nx-empty: \n"))
        #expect(!text.contains("expect:") && !text.contains("transfer-encoding"))
        #expect(text.hasSuffix("\n\n{\"a\":1}"))
    }

    @Test func `a body without a type has none`() async throws {
        let text = try await echoed { HTTPClientRequest(.post, $0.url(), body: .bytes("a=b")) }
        #expect(!text.contains("content-type"))
    }

    @Test(arguments: ["POST", "PUT", "PATCH"]) func `no body where one is usual has length 0`(
        method: String
    ) async throws {
        let text = try await echoed { HTTPClientRequest(HTTPMethod(method), $0.url()) }
        #expect(text.contains("\ncontent-length: 0\n"))
    }

    @Test(arguments: ["DELETE", "OPTIONS"]) func `no body where none is usual has no length`(
        method: String
    ) async throws {
        let text = try await echoed { HTTPClientRequest(HTTPMethod(method), $0.url()) }
        #expect(text.hasPrefix(method + " "))
        #expect(!text.contains("content-length"))
    }

    @Test func `a HEAD ends with its head`() async throws {
        try await withServer(answer: { connection, _ in
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 9000000000\r\n\r\n")
        }) { server, client in
            let response = try await client.send(HTTPClientRequest(.head, server.url()))
            #expect(response.fields["content-length"] == "9000000000")
            #expect(response.body.isEmpty)
        }
    }

    @Test(arguments: [nil, 30]) func `a body is read from a stream, chunked where it has no length`(
        length: Int?
    ) async throws {
        let left = Mutex(3)
        let text = try await echoed { server in
            HTTPClientRequest(
                .post, server.url(),
                body: .stream(length: length) {
                    left.withLock {
                        guard $0 > 0 else { return nil }
                        $0 -= 1
                        return Bytes("0123456789")
                    }
                })
        }
        #expect(text.hasSuffix("\n012345678901234567890123456789"))
        #expect(text.contains(length == nil ? "transfer-encoding: chunked" : "content-length: 30"))
    }

    @Test func `a large body is sent whole`() async throws {
        let body = [UInt8](repeating: 0x61, count: 3_000_000)
        try await withServer(answer: { connection, request in
            connection.answer(200, "\(request.body.count) \(request.body == body)")
        }) { server, client in
            let response = try await client.send(
                HTTPClientRequest(.post, server.url(), body: .bytes(Bytes(body))))
            #expect(response.body == "3000000 true")
        }
    }

    @Test func `interim answers are skipped`() async throws {
        try await withServer(answer: { connection, _ in
            connection.send("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nlink: x\r\n\r\n")
            connection.answer(201, "made")
        }) { server, client in
            let response = try await client.send(HTTPClientRequest(.get, server.url()))
            #expect(response.status == 201)
            #expect(response.fields["link"] == nil)
        }
    }

    @Test func `trailers are not taken for fields`() async throws {
        try await withServer(answer: { connection, _ in
            connection.send(
                "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-late: 1\r\n\r\n")
        }) { server, client in
            let response = try await client.send(HTTPClientRequest(.get, server.url()))
            #expect(response.body == "ok")
            #expect(response.fields["x-late"] == nil)
        }
    }

    @Test func `a compressed answer comes decompressed where that was asked for`() async throws {
        let packed = try gzip("some text some text").array
        try await withServer(answer: { connection, request in
            let asks = request.field("accept-encoding")?.contains("gzip") ?? false
            connection.send("HTTP/1.1 200 OK\r\nx-asked: \(asks)\r\ncontent-encoding: gzip\r\n")
            connection.send("content-length: \(packed.count)\r\n\r\n")
            connection.send(packed)
        }) { server, client in
            var request = HTTPClientRequest(.get, server.url())
            let plain = try await client.send(request)
            #expect(plain.body == Bytes(packed))
            #expect(plain.fields["x-asked"] == "false")
            request.decompresses = true
            let response = try await client.send(request)
            #expect(response.body == "some text some text")
            #expect(response.fields["x-asked"] == "true")
        }
    }

    @Test(arguments: [
        "", "not a url", "ftp://127.0.0.1/", "file:///etc/passwd", "gopher://127.0.0.1/",
        "http://127.0.0.1:99999/",
        "http://a\0b/",
    ])
    func `a URL that is not http is a bad request`(url: String) async throws {
        try await withClient { client in
            let error = await sendFailure(client, HTTPClientRequest(.get, url))
            #expect(error?.code == .badRequest || error?.code == .resolve && url == "not a url")
            #expect(error?.mayHaveBeenSent == false)
        }
    }

    @Test(arguments: [
        ("x-a\r\nb", "c"), ("x a", "b"), ("", "b"), ("content-length", "5"),
        ("transfer-encoding", "chunked"),
    ])
    func `a field that would break the head is a bad request`(name: String, value: String) async throws {
        try await withClient { client in
            let request = HTTPClientRequest(
                .get, "http://127.0.0.1:1/", fields: HeaderFields([(name, value)]))
            #expect(await sendFailure(client, request)?.code == .badRequest)
        }
    }

    @Test func `a method that would break the line is a bad request`() async throws {
        try await withClient { client in
            let request = HTTPClientRequest(HTTPMethod("GET / HTTP/1.1\r\nx: y"), "http://127.0.0.1:1/")
            #expect(await sendFailure(client, request)?.code == .badRequest)
        }
    }
}

extension HeaderFields {
    fileprivate init(_ fields: [(String, String)]) {
        self.init()
        for (name, value) in fields { append(name, value) }
    }
}
