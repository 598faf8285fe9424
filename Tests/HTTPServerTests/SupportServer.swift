import Base
import Crypto
import Foundation
@testable import HTTPServer
import Reactor
import Synchronization
import TestSupport
import Testing
import Wire

/// The loops that all tests share: two for servers, one for clients.
enum TestLoops {
    static let servers = group(2)
    static let clients = group(1)
    static var client: EventLoop { clients.loops[0] }

    private static func group(_ count: Int) -> EventLoopGroup {
        do {
            _ = Signals.raiseFileLimit()
            return try EventLoopGroup(count: count)
        } catch { fatalError("no loops: \(error)") }
    }
}

/// How a client reaches the server.
enum Transport: Sendable, CaseIterable {
    case clear, tls
}

/// A server for one test, on a port of its own.
struct TestServer: Sendable {
    let server: HTTPServer
    let transport: Transport
    var address: SocketAddress { server.listening[0] }

    /// Runs a server while the body runs, then stops it, with nothing left to finish.
    static func run(
        _ routes: [Route] = [], middleware: [Middleware] = [], limits: ServerLimits = ServerLimits(),
        over transport: Transport = .clear, loops: EventLoopGroup = TestLoops.servers,
        metrics: Metrics = Metrics(), at address: String = "127.0.0.1:0",
        _ body: @Sendable (TestServer) async throws -> Void
    ) async throws {
        var limits = limits
        limits.idleGrace = min(limits.idleGrace, .milliseconds(1))
        let server = HTTPServer(
            addresses: [try #require(SocketAddress(address))], on: loops,
            router: Router(routes), middleware: middleware, limits: limits,
            tls: transport == .tls ? TestTLS.shared.server : nil, metrics: metrics)
        try await server.start()
        let test = TestServer(server: server, transport: transport)
        do { try await body(test) } catch {
            _ = await server.stop(by: EventLoop.clock())
            throw error
        }
        _ = await server.stop(by: EventLoop.clock() &+ 1_000_000_000)
    }

    /// A client that is connected to it.
    func connect() async throws -> HTTP1TestClient {
        let client = try HTTP1TestClient(to: address, transport)
        try await client.connect()
        return client
    }

    /// Sends bytes as they are, and gives back all that comes until the server ends the connection.
    func exchange(_ text: String) async throws -> String {
        let client = try await connect()
        try await client.write(text)
        let answer = try await client.readToEnd()
        await client.close()
        return answer
    }

    /// Waits until so many connections are open.
    func waitForConnections(_ count: Int, _ place: SourceLocation = #_sourceLocation) async {
        await Patience.wait("\(count) connections", place) { server.connectionCount == count }
    }
}

/// A server's and a client's context that trust each other, with a certificate of `openssl` for this run.
struct TestTLS: Sendable {
    static let shared: TestTLS = {
        do { return try TestTLS() } catch { fatalError("openssl makes no certificate: \(error)") }
    }()

    let server: TLSContext
    let client: TLSContext

    private init() throws {
        let files = FileManager.default
        let folder = files.temporaryDirectory.appendingPathComponent("server-\(UUID().uuidString)")
        try files.createDirectory(at: folder, withIntermediateDirectories: true)
        let (certificate, key) = (folder.path + "/cert.pem", folder.path + "/key.pem")
        try ChildProcess.run(
            "/usr/bin/openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days",
                "30", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out",
                certificate,
            ])
        let identity = TLSIdentity(chain: .file(certificate), key: .file(key))
        server = try TLSContext(
            server: TLSServerSettings(identities: [identity], protocols: ["h2", "http/1.1"]))
        client = try TLSContext(
            client: TLSClientSettings(trust: .authorities(.file(certificate)), protocols: ["http/1.1"]))
        try? files.removeItem(at: folder)
    }
}

/// Something that one side does and the other waits for, from any thread.
final class Gate: Sendable {
    private let isOpen = Atomic(false)

    func open() async { isOpen.store(true, ordering: .releasing) }

    func wait(_ place: SourceLocation = #_sourceLocation) async {
        await Patience.wait("a gate", place) { isOpen.load(ordering: .acquiring) }
    }
}

/// How long a test waits for what must come: a failure ends the test, it does not keep it from ending.
enum Patience {
    /// Far more than a loaded machine needs, so that only what never comes is given up.
    static let nanoseconds: MonotonicNanoseconds = 60_000_000_000

    static func wait(_ what: String, _ place: SourceLocation, until holds: () -> Bool) async {
        let deadline = EventLoop.clock() &+ nanoseconds
        while !holds() {
            guard EventLoop.clock() < deadline, !Task.isCancelled else {
                Issue.record("waited in vain for \(what)", sourceLocation: place)
                return
            }
            // Cancelled, it returns at once, and the loop ends.
            try? await Task.sleep(for: .milliseconds(1))
        }
    }
}
