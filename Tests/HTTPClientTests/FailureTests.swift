import Base
import Glibc
import HTTPClient
import Testing
import Wire

@Suite struct HTTPClientFailureTests {
    private func failure(
        answer: String, method: HTTPMethod = .get, change: (inout HTTPClientRequest) -> Void = { _ in }
    ) async throws -> HTTPClientError? {
        try await withServer(serve: { connection in
            guard connection.request() != nil else { return }
            connection.send(answer)
        }) { server, client in
            var request = HTTPClientRequest(method, server.url())
            change(&request)
            return await sendFailure(client, request)
        }
    }

    @Test func `nobody listening is a failed connection that sent nothing, told without the path`()
        async throws
    {
        let place = try LoopbackListener(isListening: false)
        defer { place.close() }
        try await withClient { client in
            let url = "http://user:hush@127.0.0.1:\(place.port)/bot123:TOKEN/getMe?key=TOKEN"
            let error = await sendFailure(client, HTTPClientRequest(.post, url))
            #expect(error?.code == .connect)
            #expect(error?.mayHaveBeenSent == false)
            #expect(error?.description.contains("TOKEN") == false)
            #expect(error?.description.contains("hush") == false)
        }
    }

    @Test func `a name without an address is told so`() async throws {
        try await withClient { client in
            var request = HTTPClientRequest(.get, "http://nowhere.invalid/")
            request.timeout = .seconds(30)
            request.connectTimeout = .seconds(30)
            #expect(await sendFailure(client, request)?.code == .resolve)
        }
    }

    @Test(arguments: [
        "garbage\r\n\r\n", "SSH-2.0-OpenSSH\r\n", "HTTP/1.1 abc\r\n\r\n",
        "HTTP/1.1 200 OK\r\nno colon\r\n\r\n",
    ])
    func `an answer that is not HTTP is a protocol error`(answer: String) async throws {
        let error = try await failure(answer: answer)
        #expect(error?.code == .protocolError)
        #expect(error?.mayHaveBeenSent == true)
    }

    @Test(arguments: [
        "", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf",
        "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhalf",
    ])
    func `an answer that breaks off is a lost connection`(answer: String) async throws {
        let error = try await failure(answer: answer)
        #expect(error?.code == .connectionLost)
        #expect(error?.mayHaveBeenSent == true)
    }

    @Test func `a body that is too long is refused by its length`() async throws {
        let error = try await failure(answer: "HTTP/1.1 200 OK\r\ncontent-length: 1001\r\n\r\n") {
            $0.bodyBytesMax = 1000
        }
        #expect(error == HTTPClientError(.tooLarge, "the body is over 1000 bytes", mayHaveBeenSent: true))
    }

    @Test func `a body that becomes too long is cut off`() async throws {
        let chunk = "400\r\n" + String(repeating: "x", count: 1024) + "\r\n"
        let error = try await failure(
            answer: "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                + String(repeating: chunk, count: 10)
        ) { $0.bodyBytesMax = 5000 }
        #expect(error?.code == .tooLarge)
    }

    @Test func `a body of exactly the limit is taken`() async throws {
        try await withServer(answer: { connection, _ in connection.answer(200, "12345") }) { server, client in
            var request = HTTPClientRequest(.get, server.url())
            request.bodyBytesMax = 5
            let seen = try await client.send(request).body
            #expect(seen == "12345")
        }
    }

    @Test func `a compressed bomb is cut off`() async throws {
        let bomb = try gzip(Bytes([UInt8](repeating: 0, count: 30 << 20))).array
        try await withServer(answer: { connection, _ in
            connection.send(
                "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: \(bomb.count)\r\n\r\n")
            connection.send(bomb)
        }) { server, client in
            var request = HTTPClientRequest(.get, server.url())
            request.decompresses = true
            #expect(await sendFailure(client, request)?.code == .tooLarge)
        }
    }

    @Test func `a head without end is cut off`() async throws {
        let error = try await failure(
            answer: "HTTP/1.1 200 OK\r\n"
                + String(repeating: "x-filler: \(String(repeating: "y", count: 990))\r\n", count: 100))
        #expect(error?.code == .tooLarge)
    }

    // MARK: Time

    @Test func `no answer in time is a timeout`() async throws {
        try await withServer(serve: { $0.waitForEnd() }) { server, client in
            var request = HTTPClientRequest(.post, server.url())
            request.timeout = .seconds(5)
            let error = await sendFailure(client, request)
            #expect(error == HTTPClientError(.timeout, "no whole answer in time", mayHaveBeenSent: true))
            #expect(await client.load() == (0, 0))
        }
    }

    @Test func `an answer that stops in the middle is a timeout by idleness`() async throws {
        try await withServer(serve: { connection in
            _ = connection.request()
            connection.send("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf")
            connection.waitForEnd()
        }) { server, client in
            var request = HTTPClientRequest(.get, server.url())
            request.timeout = nil
            request.idleTimeout = .seconds(5)
            let error = await sendFailure(client, request)
            #expect(error == HTTPClientError(.timeout, "nothing came in time", mayHaveBeenSent: true))
        }
    }

    @Test func `a TLS handshake that does not end is a connect timeout, nothing sent`() async throws {
        try await withServer(serve: { $0.waitForEnd() }) { server, client in
            var request = HTTPClientRequest(.post, "https://127.0.0.1:\(server.port)/")
            request.connectTimeout = .milliseconds(50)
            let error = await sendFailure(client, request)
            #expect(error?.code == .timeout)
            #expect(error?.mayHaveBeenSent == false)
        }
    }

    @Test func `a request that waits for a connection times out too`() async throws {
        var settings = HTTPClientSettings()
        settings.connectionsPerHostMax = 1
        try await withServer(settings, serve: { $0.waitForEnd() }) { server, client in
            var request = HTTPClientRequest(.get, server.url())
            request.timeout = .milliseconds(50)
            let waiting = request
            async let first = sendFailure(client, waiting)
            async let second = sendFailure(client, waiting)
            #expect(await [first?.code, second?.code] == [.timeout, .timeout])
        }
    }

    // MARK: Cancelling

    @Test func `cancelling the task ends the exchange and the connection`() async throws {
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        let (ended, end) = AsyncStream.makeStream(of: Void.self)
        try await withServer(serve: { connection in
            _ = connection.request()
            arrival.yield()
            connection.waitForEnd()
            end.yield()
        }) { server, client in
            await withTaskGroup(of: HTTPClientError?.self) { group in
                group.addTask { await sendFailure(client, HTTPClientRequest(.get, server.url())) }
                for await _ in arrived { break }
                group.cancelAll()
                for await error in group {
                    #expect(error == HTTPClientError(.cancelled, "cancelled", mayHaveBeenSent: true))
                }
            }
            for await _ in ended { break }
            #expect(await client.load() == (0, 0))
        }
    }

    @Test func `a cancelled task sends nothing that stays`() async throws {
        try await withServer(serve: { $0.waitForEnd() }) { server, client in
            await withTaskGroup(of: HTTPClientError?.self) { group in
                group.cancelAll()
                group.addTask { await sendFailure(client, HTTPClientRequest(.get, server.url())) }
                for await error in group { #expect(error?.code == .cancelled) }
            }
            #expect(await client.load().requests == 0)
        }
    }

    @Test func `a shutdown cancels what is under way, and what comes after`() async throws {
        let (arrived, arrival) = AsyncStream.makeStream(of: Void.self)
        try await withServer(serve: { connection in
            _ = connection.request()
            arrival.yield()
            connection.waitForEnd()
        }) { server, client in
            async let error = sendFailure(client, HTTPClientRequest(.get, server.url()))
            for await _ in arrived { break }
            await client.shutdown()
            #expect(await error?.code == .cancelled)
            let later = await sendFailure(client, HTTPClientRequest(.get, server.url()))
            #expect(later?.code == .cancelled)
        }
    }

    // MARK: Repeating

    /// Answers the first request of a connection, and drops the connection at the second.
    @Sendable private static func dropSecond(_ connection: TestConnection) {
        guard connection.request() != nil else { return }
        connection.answer()
        _ = connection.request()
    }

    @Test func `a POST over a kept connection that dies is not repeated`() async throws {
        try await withServer(serve: Self.dropSecond) { server, client in
            let request = HTTPClientRequest(.post, server.url(), body: .bytes("pay"))
            _ = try await client.send(request)
            let error = await sendFailure(client, request)
            #expect(error?.code == .connectionLost)
            #expect(error?.mayHaveBeenSent == true)
            #expect(server.requests == 2)
        }
    }

    @Test func `a GET over a kept connection that dies is repeated on a new one`() async throws {
        try await withServer(serve: Self.dropSecond) { server, client in
            for _ in 0..<2 {
                let seen = try await client.send(HTTPClientRequest(.get, server.url())).status
                #expect(seen == 200)
            }
            #expect(server.requests == 3)
            #expect(server.connections == 2)
        }
    }

    @Test func `a POST that may be repeated is, with its body`() async throws {
        try await withServer(serve: { connection in
            guard let request = connection.request() else { return }
            connection.answer(200, String(decoding: request.body, as: UTF8.self))
            _ = connection.request()
        }) { server, client in
            var request = HTTPClientRequest(.post, server.url(), body: .bytes("again"))
            request.mayRepeat = true
            _ = try await client.send(request)
            let seen = try await client.send(request).body
            #expect(seen == "again")
            #expect(server.requests == 3)
        }
    }

    @Test func `the environment's proxies are not used`() async {
        // In a process of its own: the environment is everybody's, and nobody may change it while others read it.
        await #expect(processExitsWith: .success) {
            for name in ["http_proxy", "all_proxy", "ALL_PROXY"] {
                unsafe setenv(name, "http://127.0.0.1:1", 1)
            }
            try await withServer(answer: { connection, _ in connection.answer() }) { server, client in
                let seen = try await client.send(HTTPClientRequest(.get, server.url())).status
                #expect(seen == 200)
            }
        }
    }
}
