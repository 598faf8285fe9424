import Base
import HTTPClient
import Reactor
import Synchronization
import Testing
import Wire

@Suite struct HTTPClientConnectionTests {
    @Test func `one request after another uses one connection`() async throws {
        try await withServer(answer: { connection, _ in connection.answer() }) { server, client in
            for _ in 0..<20 {
                let seen = try await client.send(HTTPClientRequest(.get, server.url())).body
                #expect(seen == "ok")
            }
            #expect(server.connections == 1)
        }
    }

    @Test func `many requests at once are all answered, over no more connections than allowed`() async throws
    {
        var settings = HTTPClientSettings()
        settings.connectionsPerHostMax = 8
        try await withServer(
            settings, answer: { connection, request in connection.answer(200, request.path) }
        ) { server, client in
            try await withThrowingTaskGroup { group in
                for number in 0..<300 {
                    group.addTask {
                        let response = try await client.send(
                            HTTPClientRequest(.get, server.url("/\(number)")))
                        return response.body == Bytes("/\(number)")
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
            #expect(server.connections <= 8)
            #expect(await client.load().requests == 0)
        }
    }

    @Test func `a request does not wait for the end of a long one to the same host`() async throws {
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        try await withServer(
            serve: { connection in
                guard let request = connection.request() else { return }
                guard request.path == "/long" else {
                    connection.answer()
                    return
                }
                arrival.yield()
                connection.waitForEnd()
            }
        ) { server, client in
            async let long = sendFailure(client, HTTPClientRequest(.get, server.url("/long")))
            for await _ in arrived { break }
            let answer = try await client.send(HTTPClientRequest(.get, server.url("/short")))
            #expect(answer.body == "ok")
            await client.shutdown()
            _ = await long
        }
    }

    @Test func `more requests than allowed are refused at once`() async throws {
        var settings = HTTPClientSettings()
        settings.requestsMax = 1
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        try await withServer(
            settings,
            serve: { connection in
                _ = connection.request()
                arrival.yield()
                connection.waitForEnd()
            }
        ) { server, client in
            async let first = sendFailure(client, HTTPClientRequest(.get, server.url()))
            for await _ in arrived { break }
            let error = await sendFailure(client, HTTPClientRequest(.get, server.url()))
            #expect(error?.code == .overloaded)
            #expect(error?.mayHaveBeenSent == false)
            await client.shutdown()
            _ = await first
        }
    }

    @Test func `a group has a client for each of its loops`() async throws {
        let server = try TestServer { while $0.request() != nil { $0.answer() } }
        defer { server.stop() }
        let loops = try EventLoopGroup(count: 2)
        defer { loops.shutdown() }
        let group = try HTTPClientGroup(on: loops)
        for loop in loops.loops {
            let client = group.client(on: loop)
            #expect(client.loop === loop)
            let response = try await client.send(HTTPClientRequest(.get, server.url()))
            #expect(response.status == 200)
        }
        await group.shutdown()
        #expect(server.connections == 2)
    }

    // MARK: Guard

    private static let refuseAll: @Sendable (SocketAddress) -> Bool = { _ in false }

    @Test(arguments: ["127.0.0.1", "localhost", "0x7f.1", "2130706433"])
    func `a refused address is not connected to, however it is written`(host: String) async throws {
        let seen = Mutex<[SocketAddress]>([])
        try await withServer(answer: { connection, _ in connection.answer() }) { server, client in
            var request = HTTPClientRequest(.get, "http://\(host):\(server.port)/")
            request.mayConnect = { address in
                seen.withLock { $0.append(address) }
                return false
            }
            let error = await sendFailure(client, request)
            #expect(error?.code == .refusedByGuard)
            #expect(error?.mayHaveBeenSent == false)
            #expect(server.connections == 0)
            #expect(seen.withLock { $0.contains { $0.description == "127.0.0.1:\(server.port)" } })
        }
    }

    @Test func `an allowed address is connected to`() async throws {
        try await withServer(answer: { connection, _ in connection.answer() }) { server, client in
            var request = HTTPClientRequest(.get, server.url())
            request.mayConnect = { $0.description == "127.0.0.1:\(server.port)" }
            let seen = try await client.send(request).status
            #expect(seen == 200)
        }
    }

    @Test func `a kept connection to a refused address is not used`() async throws {
        try await withServer(answer: { connection, _ in connection.answer() }) { server, client in
            var request = HTTPClientRequest(.get, server.url())
            _ = try await client.send(request)
            request.mayConnect = Self.refuseAll
            let error = await sendFailure(client, request)
            #expect(error?.code == .refusedByGuard)
            #expect(error?.mayHaveBeenSent == false)
            #expect(server.requests == 1)
        }
    }

    @Test func `a redirect to a refused address is not followed`() async throws {
        let inner = try TestServer { connection in
            _ = connection.request()
            connection.answer(200, "secret")
        }
        defer { inner.stop() }
        try await withServer(answer: { connection, _ in
            connection.answer(302, "", fields: "location: \(inner.url())\r\n")
        }) { server, client in
            var request = HTTPClientRequest(.get, server.url())
            request.redirectsMax = 3
            request.mayConnect = { $0.port == server.port }
            #expect(await sendFailure(client, request)?.code == .refusedByGuard)
            #expect(inner.connections == 0)
        }
    }

    // MARK: Redirects

    @Sendable private static func redirect(_ connection: TestConnection, _ request: TestRequest) {
        let path = request.path
        switch Int(path.dropFirst()) {
        case let left? where left > 0: connection.answer(302, "gone", fields: "location: /\(left - 1)\r\n")
        default: connection.answer(200, "\(request.line) \(request.body.count)")
        }
    }

    @Test func `a redirect is the answer unless following is asked for`() async throws {
        try await withServer(answer: Self.redirect) { server, client in
            let response = try await client.send(HTTPClientRequest(.get, server.url("/1")))
            #expect(response.status == 302)
            #expect(response.body == "gone")
            #expect(response.fields["location"] == "/0")
        }
    }

    @Test(arguments: [(HTTPMethod.get, "GET /0 HTTP/1.1 0"), (.post, "GET /0 HTTP/1.1 0")])
    func `redirects are followed, a POST as a GET`(method: HTTPMethod, seen: String) async throws {
        try await withServer(answer: Self.redirect) { server, client in
            var request = HTTPClientRequest(
                method, server.url("/2"), body: method == .post ? .bytes("body") : .none)
            request.redirectsMax = 2
            let response = try await client.send(request)
            #expect(response.status == 200)
            #expect(response.body == Bytes(seen))
        }
    }

    @Test func `a 307 repeats the POST with its body`() async throws {
        try await withServer(answer: { connection, request in
            if request.path == "/a" { return _ = connection.answer(307, "", fields: "location: /b\r\n") }
            connection.answer(200, "\(request.line) \(String(decoding: request.body, as: UTF8.self))")
        }) { server, client in
            var request = HTTPClientRequest(.post, server.url("/a"), body: .bytes("body"))
            request.redirectsMax = 1
            let seen = try await client.send(request).body
            #expect(seen == "POST /b HTTP/1.1 body")
        }
    }

    @Test func `too many redirects are an error`() async throws {
        try await withServer(answer: Self.redirect) { server, client in
            var request = HTTPClientRequest(.get, server.url("/5"))
            request.redirectsMax = 3
            #expect(await sendFailure(client, request)?.code == .tooManyRedirects)
        }
    }

    @Test func `a redirect to a file is refused`() async throws {
        try await withServer(answer: { connection, _ in
            connection.answer(302, "", fields: "location: file:///etc/passwd\r\n")
        }) { server, client in
            var request = HTTPClientRequest(.get, server.url())
            request.redirectsMax = 3
            #expect(await sendFailure(client, request)?.code == .protocolError)
        }
    }
}
