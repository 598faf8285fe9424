import Base
import HTTPServer
import Reactor
import Testing

@testable import System

/// A whole server on a free port, for one test.
struct TestServer: Sendable {
    let clock = ManualClock()
    let health: Health
    let metrics = Metrics()
    private let group: EventLoopGroup
    private let server: HTTPServer

    private init(_ others: [Route]) throws {
        health = Health(version: "1.2.3", clocks: clock.clocks)
        health.phase = .serving
        group = try EventLoopGroup(count: 2)
        let system = SystemRoutes(
            health: health, metrics: metrics, version: "1.2.3", publicURL: "https://example.org",
            benchLoops: group.loops.count)
        let address = try #require(SocketAddress("127.0.0.1:0"))
        let routes = others + system.routes(describing: others)
        server = HTTPServer(addresses: [address], on: group, router: Router(routes))
    }

    /// Serves the system's routes and `others`, lends a client, and ends everything.
    static func run(
        others: [Route] = [], _ body: (TestServer, TestClient) async throws -> Void
    ) async throws {
        let test = try TestServer(others)
        defer { test.group.shutdown() }
        try await test.server.start()
        let listening = try #require(test.server.listening.first)
        let client = try await TestClient.connect(to: listening, on: test.group.loops[1])
        do {
            try await body(test, client)
        } catch {
            Issue.record(error)
        }
        await client.close()
        #expect(await test.stop().isEmpty)
    }

    /// Stops serving, and says what was cut off.
    func stop() async -> [String] { await server.stop(by: EventLoop.clock() + 60_000_000_000) }
}
