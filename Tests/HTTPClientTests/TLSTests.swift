import Base
import Foundation
import HTTPClient
import Synchronization
import Testing
import Wire

@Suite struct HTTPClientTLSTests {
    private let nginx: TestNginx

    init() throws { nginx = try TestNginx.shared.get() }

    private func request(_ path: String, port: UInt16? = nil, host: String = "localhost") -> HTTPClientRequest
    {
        var request = HTTPClientRequest(.get, "https://\(host):\(port ?? nginx.tlsPort)\(path)")
        request.tls.authoritiesFile = nginx.path("cert.pem")
        return request
    }

    @Test func `HTTP 2 is negotiated`() async throws {
        try await withClient { client in
            let response = try await client.send(request("/version"))
            #expect(response.head.version == "2")
            #expect(response.body.repairedText.hasPrefix("HTTP/2.0 "))
        }
    }

    @Test func `a body goes by HTTP 1 unless HTTP 2 was asked for`() async throws {
        try await withClient { client in
            var request = request("/version")
            request.method = .post
            request.body = .bytes("body")
            let response = try await client.send(request)
            #expect(response.head.version == "1.1")
        }
    }

    @Test func `HTTP 1 is spoken where that was asked for, or nothing else is offered`() async throws {
        try await withClient { client in
            var old = request("/version")
            old.version = .http1
            for request in [old, request("/version", port: nginx.http1Port)] {
                let response = try await client.send(request)
                #expect(response.head.version == "1.1")
            }
        }
    }

    @Test func `HTTP 2 on clear text is spoken by prior knowledge`() async throws {
        try await withClient { client in
            var request = HTTPClientRequest(.get, "http://127.0.0.1:\(nginx.clearPort)/version")
            request.version = .http2
            for _ in 0..<3 {
                let response = try await client.send(request)
                #expect(response.head.version == "2")
            }
        }
    }

    /// A stream that HTTP/2's end of connection overtakes is told apart from a lost one by nobody; what changes
    /// nothing may be asked again.
    private static func insist(
        _ client: HTTPClient, _ request: HTTPClientRequest
    ) async throws -> HTTPClientResponse {
        // The next connection may end just as well: among eight clients, every tenth request ends one.
        for _ in 0..<20 {
            do { return try await client.send(request) } catch {
                guard error.code == .connectionLost else { throw error }
            }
        }
        return try await client.send(request)
    }

    @Test func `a server that closes its connections after a number of requests loses none`() async throws {
        try await withClient { client in
            let get = request("/version", port: nginx.shortPort)
            // To a place that reads the body before it answers. Who answers earlier and closes may cut the body off,
            // and then nobody can know whether the request was taken.
            var post = request("/count", port: nginx.shortPort)
            post.method = .post
            post.body = .bytes("body")
            let (gets, posts) = (get, post)
            let connections = try await withThrowingTaskGroup(of: Bytes.self) { group in
                for _ in 0..<8 {
                    group.addTask {
                        for _ in 0..<20 { _ = try await client.send(posts) }
                        for _ in 0..<20 { _ = try await Self.insist(client, gets) }
                        return try await Self.insist(client, gets).body
                    }
                }
                return try await group.reduce(into: Set<Bytes>()) { $0.insert($1) }
            }
            #expect(connections.count >= 1)
        }
    }

    @Test func `many requests share one HTTP 2 connection`() async throws {
        try await withClient { client in
            let one = request("/version")
            let bodies = try await withThrowingTaskGroup(of: Bytes.self) { group in
                for _ in 0..<100 { group.addTask { try await client.send(one).body } }
                return try await group.reduce(into: Set<Bytes>()) { $0.insert($1) }
            }
            #expect(bodies.count == 1)
            #expect(await client.load().requests == 0)
        }
    }

    @Test func `a certificate of an unknown authority is refused, nothing sent`() async throws {
        try await withClient { client in
            var request = request("/version")
            request.tls.authoritiesFile = nil
            let error = await sendFailure(client, request)
            #expect(error?.code == .tls)
            #expect(error?.mayHaveBeenSent == false)
        }
    }

    @Test func `a certificate for another name is refused`() async throws {
        try await withClient { client in
            #expect(await sendFailure(client, request("/version", host: "127.0.0.1"))?.code == .tls)
        }
    }

    @Test func `an unverified certificate is taken only where that was asked for`() async throws {
        try await withClient { client in
            var request = request("/version")
            request.tls = HTTPClientRequest.TLS(verifies: false)
            let response = try await client.send(request)
            #expect(response.status == 200)
            // The connection is not lent to those who verify.
            request.tls = HTTPClientRequest.TLS()
            #expect(await sendFailure(client, request)?.code == .tls)
        }
    }

    @Test func `a missing authorities file is a TLS error`() async throws {
        try await withClient { client in
            var request = request("/version")
            request.tls.authoritiesFile = nginx.path("nothing.pem")
            #expect(await sendFailure(client, request)?.code == .tls)
        }
    }

    @Test func `TLS to a server that speaks none is a TLS error`() async throws {
        try await withServer(serve: { $0.send("220 hello\r\n") }) { server, client in
            let error = await sendFailure(client, request("/", port: server.port))
            #expect(error?.code == .tls)
        }
    }

    @Test func `an HTTP 2 server is made to wait for a slow reader, and nothing is lost`() async throws {
        try await withServer(serve: tunnel) { proxy, client in
            var request = request("/large")
            request.bodyBytesMax = 20 << 20
            request.proxy = HTTPProxy(.http, host: "127.0.0.1", port: proxy.port)
            let read = try await client.exchange(request) { exchange in
                _ = try await exchange.head()
                var before = -1
                while proxy.bytesSent != before {
                    before = proxy.bytesSent
                    try await Task.sleep(for: .milliseconds(100))
                }
                #expect(before < 8 << 20)
                var read = 0
                while let piece = try await exchange.next() { read += piece.count }
                return read
            }
            #expect(read == 20 << 20)
        }
    }

    @Test(arguments: ["300000", "30000", "10000", "5"])
    func `a body is uploaded over HTTP 2, with and without a length`(length: String) async throws {
        try await withClient { client in
            var request = request("/count")
            request.method = .post
            request.version = .http2
            request.body =
                switch length {
                case "300000": .bytes(Bytes([UInt8](repeating: 1, count: 300_000)))
                case "30000": .stream(length: nil, next: countdown(30))
                case "10000": .stream(length: 10_000, next: countdown(10))
                default: .bytes("small")
                }
            let response = try await client.send(request)
            #expect(response.body == Bytes(length))
            #expect(response.head.version == "2")
        }
    }

    @Test func `HTTP 2 goes through a tunnel`() async throws {
        try await withServer(serve: tunnel) { proxy, client in
            var request = request("/version")
            request.fields.append("authorization", "Bearer secret")
            request.proxy = HTTPProxy(.http, host: "127.0.0.1", port: proxy.port)
            let response = try await client.send(request)
            #expect(response.head.version == "2")
            #expect(response.fields["x-proxy"] == nil)
        }
    }

    private func countdown(_ pieces: Int) -> @Sendable () async throws -> Bytes? {
        let left = Counter(pieces)
        return { left.take() ? Bytes([UInt8](repeating: 2, count: 1000)) : nil }
    }
}

private final class Counter: Sendable {
    private let left: Mutex<Int>
    init(_ count: Int) { left = Mutex(count) }
    func take() -> Bool {
        left.withLock {
            $0 -= 1
            return $0 >= 0
        }
    }
}

/// Plays an HTTP proxy that opens tunnels to loopback.
@Sendable private func tunnel(_ connection: TestConnection) {
    guard let request = connection.head(), let port = UInt16(request.path.split(separator: ":")[1]),
        let target = TestConnection.connect(port)
    else { return }
    connection.send("HTTP/1.1 200 Connected\r\nx-proxy: 1\r\n\r\n")
    connection.relay(target)
}
