import Base
import Crypto
import Reactor
import Wire

/// Takes a new connection as far as the choice of its protocol, then lets that protocol's actor serve it.
actor ConnectionEntry: ServerConnection {
    private let stream: Stream
    private let server: LoopServer
    private let host: String
    private var task: Task<Void, Never>?
    private var chosen: (any ServerConnection)?

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe server.loop.asUnownedSerialExecutor() }

    init(stream: Stream, server: LoopServer, host: String) {
        self.stream = stream
        self.server = server
        self.host = host
    }

    /// Starts to serve.
    ///
    /// On the loop.
    func begin() {
        server.add(self)
        proceed { await $0.serve() }
    }

    /// Serves in a task of its own until the connection is over or silent.
    private func proceed(
        _ work: @escaping @Sendable (isolated ConnectionEntry) async -> HTTP1Connection.Outcome
    ) {
        task = Task {
            let outcome = await work(self)
            (task, chosen) = (nil, nil)
            if case .silent = outcome { park() } else { finish() }
        }
    }

    private func finish() {
        stream.close()
        server.remove(self, from: host)
    }

    private func park() {
        guard !server.isClosingIdle else { return finish() }
        stream.park(until: server.loop.now &+ server.server.spans.idle - server.server.spans.park) {
            [self] isDue in
            assumeIsolated { me in
                if isDue { me.finish() } else { me.proceed { await $0.serveHTTP1([]) } }
            }
        }
    }

    private func serve() async -> HTTP1Connection.Outcome {
        // A connection that ends before it has said what it wants is nobody's loss.
        guard let first = try? await firstBytes() else { return .over }
        let speaksHTTP2 =
            stream.tls.map { $0.negotiatedProtocol == "h2" } ?? first.starts(with: HTTP2Machine.preface)
        guard speaksHTTP2 else { return await serveHTTP1(first) }
        let connection = HTTP2Connection(stream: stream, server: server)
        await take(connection)
        await connection.run(first: first)
        return .over
    }

    private func serveHTTP1(_ first: [UInt8]) async -> HTTP1Connection.Outcome {
        let connection = HTTP1Connection(stream: stream, server: server, first: first)
        await take(connection)
        return await connection.run()
    }

    private func take(_ connection: any ServerConnection) async {
        chosen = connection
        await connection.adopt(task)
        if server.isDraining { await connection.drain() }
    }

    /// The bytes that tell the protocol; none where TLS has told it.
    ///
    /// Nil when the client only came and went.
    private func firstBytes() async throws -> [UInt8]? {
        var first: [UInt8] = []
        if stream.tls != nil {
            stream.setReadDeadline(server.loop.now &+ server.server.spans.head)
            let arrival = try await stream.handshake { bytes in
                unsafe bytes.withUnsafeBytes { unsafe first.append(contentsOf: $0) }
            }
            guard case .bytes = arrival else { return nil }
            return first
        }
        stream.setReadDeadline(server.loop.now &+ server.server.spans.idle)
        while true {
            let arrival = try await stream.receive { bytes in
                unsafe bytes.withUnsafeBytes { unsafe first.append(contentsOf: $0) }
            }
            guard case .bytes = arrival else { return first.isEmpty ? nil : first }
            let preface = HTTP2Machine.preface
            guard first.count < preface.count, preface.starts(with: first) else { return first }
            stream.setReadDeadline(server.loop.now &+ server.server.spans.head)
        }
    }

    func adopt(_ task: Task<Void, Never>?) { self.task = task }

    func drain() { chosen?.assumeIsolated { $0.drain() } }

    func closeIfIdle() {
        if let chosen { chosen.assumeIsolated { $0.closeIfIdle() } } else { abandon() }
    }

    func abort() {
        if let chosen { chosen.assumeIsolated { $0.abort() } } else { abandon() }
    }

    /// Ends a connection that is parked or has not said yet what it wants.
    private func abandon() {
        if task == nil { finish() } else { stream.close() }
    }
}
