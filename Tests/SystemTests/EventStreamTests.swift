import Base
import HTTPServer
import Reactor
import Synchronization
import Testing
import Wire

@testable import System

@Suite struct EventStreamTests {
    @Test func `events arrive as they come, and the end is the end`() async throws {
        let route = Route(.get, "/events", .open) { request in
            let (events, source) = AsyncStream.makeStream(of: ServerSentEvent.self)
            source.yield(ServerSentEvent(id: "7", data: Bytes("after \(request.lastEventID ?? "nothing")")))
            source.yield(ServerSentEvent(name: "done", data: ""))
            source.finish()
            return EventStream.response(to: request, events)
        }
        try await TestServer.run(others: [route]) { _, client in
            let answer = try await client.get("/events", "last-event-id: 6")
            #expect(answer.status == 200)
            #expect(answer.fields["content-type"] == "text/event-stream")
            #expect(answer.fields["cache-control"] == "no-store")
            #expect(answer.text == "id: 7\ndata: after 6\n\nevent: done\ndata: \n\n")
        }
    }

    @Test func `a silent stream has heartbeats, and its sequence is cancelled when the client is gone`()
        async throws
    {
        let ended = Ended()
        let route = Route(.get, "/events", .open) { request in
            let (events, source) = AsyncStream.makeStream(of: ServerSentEvent.self)
            source.onTermination = { _ in
                ended.signal()
                _ = source
            }
            return EventStream.response(to: request, heartbeat: .milliseconds(5), events)
        }
        try await TestServer.run(others: [route]) { _, client in
            await client.begin("GET", "/events")
            _ = try await client.take(until: "\r\n\r\n")
            _ = try await client.take(until: ": \n\n")
            _ = try await client.take(until: ": \n\n")
            await client.close()
            await ended.wait()
        }
    }

    @Test func `a stream without end ends in good order when the server stops`() async throws {
        let route = Route(.get, "/events", .open) { request in
            let (events, source) = AsyncStream.makeStream(of: ServerSentEvent.self)
            source.yield(ServerSentEvent(data: "first"))
            source.onTermination = { _ in _ = source }
            return EventStream.response(to: request, events)
        }
        try await TestServer.run(others: [route]) { test, client in
            await client.begin("GET", "/events")
            _ = try await client.take(until: "data: first\n\n")
            #expect(await test.stop().isEmpty)
            #expect(try await client.take(until: "0\r\n\r\n") == "\r\n")
        }
    }

    @Test func `a stream that fails is broken off`() async throws {
        struct Broken: Error {}
        let route = Route(.get, "/events", .open) { request in
            EventStream.response(
                to: request, AsyncThrowingStream<ServerSentEvent, any Error> { throw Broken() })
        }
        try await TestServer.run(others: [route]) { _, client in
            await #expect(throws: (any Error).self) { try await client.get("/events") }
        }
    }

    @Test func `the parts of a body and a handler's sleep stay on the connection's loop`() async throws {
        let route = Route(.post, "/parts", .open) { request in
            let loop = request.connection.loop
            var isAtHome = loop.isCurrent
            for try await _ in request.body.parts { isAtHome = isAtHome && loop.isCurrent }
            try await loop.sleep(for: .milliseconds(1))
            return .json(isAtHome && loop.isCurrent ? "true" : "false")
        }
        try await TestServer.run(others: [route]) { _, client in
            #expect(try await client.post("/parts", String(repeating: "x", count: 1_000_000)).text == "true")
            let asked = try await client.post("/parts", "")
            #expect(asked.text == "true")
        }
    }
}

/// Tells one who waits that something has ended.
private final class Ended: Sendable {
    private let stream = AsyncStream.makeStream(of: Void.self)

    func signal() { stream.continuation.finish() }
    func wait() async { for await _ in stream.stream {} }
}
