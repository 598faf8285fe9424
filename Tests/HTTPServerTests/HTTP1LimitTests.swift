import Base
import Foundation
@testable import HTTPServer
import Reactor
import Testing
import Wire

/// What a client may cost in time and connections, and how a server stops.
@Suite(.timeLimit(.minutes(10))) struct HTTP1LimitTests {
    private static let get = "GET / HTTP/1.1\r\nhost: a\r\n\r\n"

    private func limits(_ change: (inout ServerLimits) -> Void) -> ServerLimits {
        var limits = ServerLimits()
        change(&limits)
        return limits
    }

    // MARK: Time

    @Test(arguments: ["GET / HT", "GET / HTTP/1.1\r\nhost: a\r\n", "GET / HTTP/1.1\r\nhost: a\r\nx"])
    func `a head that does not come to its end is not waited for`(text: String) async throws {
        try await TestServer.run(TestRoutes.all, limits: limits { $0.headTimeout = .milliseconds(30) }) {
            server in
            let answer = try await server.exchange(text)
            #expect(answer.hasPrefix("HTTP/1.1 408 "))
            #expect(answer.contains("REQUEST_TIMEOUT"))
        }
    }

    @Test func `a head that comes byte by byte gets no more time`() async throws {
        try await TestServer.run(TestRoutes.all, limits: limits { $0.headTimeout = .milliseconds(100) }) {
            server in
            let client = try await server.connect()
            let begin = EventLoop.clock()
            try await client.write("GET / HTTP/1.1\r\nhost: a\r\nx: ")
            let drip = Task {
                while true {
                    try await client.write("y")
                    try await Task.sleep(for: .milliseconds(10))
                }
            }
            let answer = try await client.readToEnd()
            drip.cancel()
            #expect(answer.hasPrefix("HTTP/1.1 408 "))
            #expect(EventLoop.clock() - begin < 30_000_000_000)
            await client.close()
        }
    }

    @Test(arguments: Transport.allCases) func `an idle connection is closed without a word`(
        transport: Transport
    ) async throws {
        try await TestServer.run(
            TestRoutes.all, limits: limits { $0.idleTimeout = .milliseconds(500) }, over: transport
        ) { server in
            let client = try await server.connect()
            #expect(try await client.readToEnd().isEmpty)
            // On a busy machine the time may be over before the client has come to ask.
            for _ in 0..<50 {
                let used = try await server.connect()
                guard let answer = try? await used.send(ClientRequest("/")) else { continue }
                #expect(answer.status == 200)
                #expect(try await used.readToEnd().isEmpty)
                await server.waitForConnections(0)
                return
            }
            Issue.record("closed before the request each time")
        }
    }

    @Test func `a silent connection serves again after a long pause`() async throws {
        try await TestServer.run(TestRoutes.all, limits: limits { $0.idleTimeout = .seconds(20) }) { server in
            let client = try await server.connect()
            for _ in 0..<3 {
                #expect(try await client.send(ClientRequest("/")).status == 200)
                // Long enough to be parked.
                try await Task.sleep(for: .milliseconds(150))
            }
            await client.close()
            await server.waitForConnections(0)
        }
    }

    @Test func `a parked client that has not taken its answer is given up`() async throws {
        let limits = limits {
            $0.writeTimeout = .milliseconds(400)
            $0.idleTimeout = .seconds(60)
        }
        let route = Route(.get, "/large", .open) { _ in
            Response(Bytes([UInt8](repeating: 1, count: 60 * 1024)), type: "text/plain")
        }
        try await TestServer.run([route], limits: limits) { server in
            let client = try await server.connect()
            // So many answers that the last one stays in the queue, but below its mark.
            let request = Bytes("GET /large HTTP/1.1\r\nhost: a\r\n\r\n")
            for _ in 0..<400 { try await client.push(request) }
            await server.waitForConnections(0)
            await client.close()
        }
    }

    @Test(arguments: ["content-length: 10\r\n\r\nabc", "transfer-encoding: chunked\r\n\r\n3\r\nabc\r\n"])
    func `a body that does not come to its end is not waited for`(rest: String) async throws {
        try await TestServer.run(TestRoutes.all, limits: limits { $0.bodyTimeout = .milliseconds(30) }) {
            server in
            let answer = try await server.exchange("POST /echo HTTP/1.1\r\nhost: a\r\n\(rest)")
            #expect(answer.hasPrefix("HTTP/1.1 408 "))
            #expect(answer.contains("REQUEST_TIMEOUT"))
            #expect(answer.contains("connection: close"))
        }
    }

    @Test func `a body that nobody reads and that does not come ends the connection`() async throws {
        try await TestServer.run(TestRoutes.all, limits: limits { $0.bodyTimeout = .milliseconds(30) }) {
            server in
            let answer = try await server.exchange(
                "POST /ignore HTTP/1.1\r\nhost: a\r\ncontent-length: 9\r\n\r\nabc")
            #expect(answer.hasPrefix("HTTP/1.1 200 "))
            await server.waitForConnections(0)
        }
    }

    @Test(arguments: Transport.allCases) func `a handler that takes too long is cancelled and answered for`(
        transport: Transport
    ) async throws {
        let route = Route(.get, "/slow", .open) { request in
            try await request.connection.loop.sleep(for: .seconds(100))
            return Response()
        }
        try await TestServer.run(
            [route], limits: limits { $0.handlerTimeout = .milliseconds(30) }, over: transport
        ) { server in
            let client = try await server.connect()
            let answer = try await client.send(ClientRequest("/slow"))
            #expect(answer.status == 503)
            #expect(answer.errorCode == "TIMEOUT")
            #expect(answer["connection"] == "close")
            #expect(try await client.readToEnd().isEmpty)
        }
    }

    @Test func `the time of a handler does not count while it waits for the client`() async throws {
        try await TestServer.run(TestRoutes.all, limits: limits { $0.handlerTimeout = .seconds(4) }) {
            server in
            let client = try await server.connect()
            try await client.begin(ClientRequest("POST", "/echo", body: ["a", "b"]))
            for _ in 0..<3 {
                try await client.sendPart("part")
                try await Task.sleep(for: .milliseconds(1500))
            }
            try await client.endBody([])
            #expect(try await client.answer().text == "partpartpart")
            await client.close()
        }
    }

    @Test func `a streamed answer may take longer than a handler, and the connection afterwards idle`()
        async throws
    {
        let route = Route(.post, "/slowly", .open) { request in
            .stream { writer in
                for try await part in request.body.parts { try await writer.write(part) }
                try await request.connection.loop.sleep(for: .milliseconds(3200))
                try await writer.write("end")
            }
        }
        try await TestServer.run([route], limits: limits { $0.handlerTimeout = .seconds(3) }) {
            server in
            let client = try await server.connect()
            for round in 0..<2 {
                if round > 0 { try await Task.sleep(for: .milliseconds(3200)) }
                try await client.begin(ClientRequest("POST", "/slowly", body: ["part "]))
                #expect(try await client.answerHead()["connection"] == nil)
                try await client.sendPart("part ")
                var body: [UInt8] = []
                while let part = try await client.answerPart() { body += part }
                #expect(String(decoding: body, as: UTF8.self) == "part end")
            }
            await client.close()
        }
    }

    @Test func `a client that takes none of its answer is given up, and its handler with it`() async throws {
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
        try await TestServer.run([route], limits: limits { $0.writeTimeout = .milliseconds(300) }) { server in
            let client = try await server.connect()
            try await client.write("GET /endless HTTP/1.1\r\nhost: a\r\n\r\n")
            await ended.wait()
            await server.waitForConnections(0)
            await client.close()
        }
    }

    // MARK: Connections

    @Test func `no more connections are taken than allowed, and places come free`() async throws {
        try await TestServer.run(TestRoutes.all, limits: limits { $0.connectionsMax = 3 }) { server in
            var clients: [HTTP1TestClient] = []
            for _ in 0..<3 {
                clients.append(try await server.connect())
                #expect(try await clients.last?.send(ClientRequest("/")).status == 200)
            }
            #expect(try await server.exchange(Self.get).isEmpty)
            #expect(try await clients[0].send(ClientRequest("/")).status == 200)
            await clients[2].close()
            await server.waitForConnections(2)
            let next = try await server.connect()
            #expect(try await next.send(ClientRequest("/")).status == 200)
            for client in clients + [next] { await client.close() }
        }
    }

    @Test func `no more connections are taken from one address than allowed`() async throws {
        let limits = limits { $0.connectionsPerAddressMax = 2 }
        try await TestServer.run(TestRoutes.all, limits: limits) { server in
            let (one, two) = (try await server.connect(), try await server.connect())
            #expect(try await one.send(ClientRequest("/")).status == 200)
            #expect(try await two.send(ClientRequest("/")).status == 200)
            #expect(try await server.exchange(Self.get).isEmpty)
            await one.close()
            await server.waitForConnections(1)
            #expect(try await server.exchange("GET / HTTP/1.0\r\n\r\n").hasPrefix("HTTP/1.1 200"))
            await two.close()
        }
    }

    @Test func `a flood of connections that say nothing leaves room for the rest when they go`() async throws
    {
        try await TestServer.run(TestRoutes.all) { server in
            var clients: [HTTP1TestClient] = []
            for _ in 0..<300 { clients.append(try await server.connect()) }
            await server.waitForConnections(300)
            let other = try await server.connect()
            #expect(try await other.send(ClientRequest("/")).status == 200)
            for client in clients { await client.close() }
            await other.close()
            await server.waitForConnections(0)
        }
    }

    // MARK: The end

    @Test(arguments: Transport.allCases)
    func `a server that stops finishes what is in flight and closes what is idle`(
        transport: Transport
    ) async throws {
        let (began, release) = (Gate(), Gate())
        let route = Route(.get, "/wait", .open) { _ in
            await began.open()
            await release.wait()
            return Response(Bytes("done"), type: "text/plain")
        }
        try await TestServer.run([route] + TestRoutes.all, over: transport) { server in
            let (busy, idle, parked) = (
                try await server.connect(), try await server.connect(), try await server.connect()
            )
            #expect(try await idle.send(ClientRequest("/")).status == 200)
            #expect(try await parked.send(ClientRequest("/")).status == 200)
            try await Task.sleep(for: .milliseconds(150))
            try await busy.begin(ClientRequest("/wait"))
            await began.wait()
            let stopping = Task { await server.server.stop(by: EventLoop.clock() &+ 60_000_000_000) }
            #expect(try await idle.readToEnd().isEmpty)
            #expect(try await parked.readToEnd().isEmpty)
            await release.open()
            let answer = try await busy.answer()
            #expect(answer.text == "done")
            #expect(answer["connection"] == "close")
            #expect(await stopping.value.isEmpty)
            #expect(server.server.connectionCount == 0)
            for client in [busy, idle, parked] { await client.close() }
        }
    }

    @Test func `a request that comes while the server stops is answered within the grace`() async throws {
        var limits = ServerLimits()
        limits.idleGrace = .seconds(40)
        let began = Gate()
        let waiting = Route(.get, "/until-drain", .open) { request in
            await began.open()
            await request.connection.drain.wait()
            return Response()
        }
        let server = HTTPServer(
            addresses: [SocketAddress.v4(UInt32(0x7f00_0001).bigEndian, port: 0)], on: TestLoops.servers,
            router: Router(TestRoutes.all + [waiting]), limits: limits)
        try await server.start()
        let client = try HTTP1TestClient(to: server.listening[0], .clear)
        let other = try HTTP1TestClient(to: server.listening[0], .clear)
        try await client.connect()
        try await other.connect()
        try await other.begin(ClientRequest("/until-drain"))
        #expect(try await client.send(ClientRequest("/")).status == 200)
        await began.wait()
        let stopping = Task { await server.stop(by: EventLoop.clock() &+ 60_000_000_000) }
        #expect(try await other.answer().status == 200)
        let answer = try await client.send(ClientRequest("/"))
        #expect(answer.status == 200)
        #expect(answer["connection"] == "close")
        #expect(await stopping.value.isEmpty)
        await client.close()
        await other.close()
    }

    @Test func `what is not finished at the deadline is cut off and reported`() async throws {
        let (began, ended) = (Gate(), Gate())
        let route = Route(.get, "/wait", .open) { request in
            await began.open()
            do { try await request.connection.loop.sleep(for: .seconds(100)) } catch { await ended.open() }
            return Response()
        }
        try await TestServer.run([route]) { server in
            let client = try await server.connect()
            try await client.begin(ClientRequest("/wait"))
            await began.wait()
            let cut = await server.server.stop(by: EventLoop.clock() &+ 50_000_000)
            #expect(cut == ["1 connections whose requests were not finished"])
            await ended.wait()
            await server.waitForConnections(0)
            await client.close()
        }
    }

    @Test func `a server that has stopped is not reached any more`() async throws {
        // At an address of its own, where nobody else takes the port once it is free.
        try await TestServer.run(TestRoutes.all, at: "127.72.84.80:0") { server in
            let address = server.address
            _ = await server.server.stop(by: EventLoop.clock())
            let client = try HTTP1TestClient(to: address, .clear)
            await #expect(throws: StreamError.self) { try await client.connect() }
        }
    }
}
