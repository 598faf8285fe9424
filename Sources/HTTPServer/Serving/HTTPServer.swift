public import Base
public import Crypto
public import Reactor
import Wire
import Synchronization

/// Serves HTTP on any number of addresses, on every loop of a group.
public final class HTTPServer: Sendable {
    private let addresses: [SocketAddress]
    private let group: EventLoopGroup
    private let tls: TLSContext?
    private let core: ServerCore
    private let loops: [LoopServer]
    private let listeners = Mutex<[Listener]>([])

    /// A server that does not listen yet.
    ///
    /// With `tls` every address speaks TLS.
    public init(
        addresses: [SocketAddress], on group: EventLoopGroup, router: Router, middleware: [Middleware] = [],
        limits: ServerLimits = ServerLimits(), proxies: TrustedProxies = TrustedProxies(),
        tls: TLSContext? = nil, metrics: Metrics = Metrics(),
        logger: Logger = .silent, logsAccess: Bool = false
    ) {
        self.addresses = addresses
        self.group = group
        self.tls = tls
        let core = ServerCore(
            limits: limits, proxies: proxies,
            responder: Responder(router: router, middleware: middleware, logger: logger),
            metrics: metrics, logger: logger, logsAccess: logsAccess)
        self.core = core
        loops = group.loops.map { LoopServer(loop: $0, server: core) }
    }

    /// Where the server listens, with the real ports.
    public var listening: [SocketAddress] {
        listeners.withLock { listeners in
            var seen: [SocketAddress] = []
            for listener in listeners where !seen.contains(listener.address) { seen.append(listener.address) }
            return seen
        }
    }

    /// The open connections.
    public var connectionCount: Int { core.admission.count }

    private func listen() throws(SystemError) {
        var all: [Listener] = []
        for address in addresses {
            try Listener.checkFree(address)
            var address = address
            for server in loops {
                let listener = try Listener(address, on: server.loop)
                all.append(listener)
                // The first one turns port 0 into a real port that the others share.
                address = listener.address
                if case .unix = address { break }
            }
        }
        listeners.withLock { $0 = all }
    }

    private func accept(_ descriptor: Int32, _ peer: SocketAddress, _ server: LoopServer) {
        let host = peer.host
        guard core.admission.enter(host) else {
            core.metrics.refused.add(shard: server.loop.index)
            return Listener.refuse(descriptor)
        }
        let engine: TLSEngine?
        do { engine = try tls.map { try TLSEngine(accepting: $0) } } catch {
            core.admission.leave(host)
            return Listener.refuse(descriptor)
        }
        do {
            let stream = try Stream(adopting: descriptor, peer: peer, on: server.loop, tls: engine)
            let entry = ConnectionEntry(stream: stream, server: server, host: host)
            entry.assumeIsolated { $0.begin() }
        } catch {
            // The stream has closed the descriptor.
            core.admission.leave(host)
        }
    }
}

extension HTTPServer: Service {
    /// How logs call it.
    public var name: String { "http" }

    /// Listens on every address; throws when one cannot be had.
    public func start() async throws {
        try listen()
        for listener in listeners.withLock({ $0 }) {
            guard let server = loops.first(where: { $0.loop === listener.loop }) else { continue }
            try await listener.loop.run {
                try listener.start { descriptor, peer in self.accept(descriptor, peer, server) }
            }
        }
    }

    /// Stops accepting, finishes what is in flight, and says what it cut off at the deadline.
    public func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        for listener in listeners.withLock({ $0 }) { await listener.loop.run { listener.stop() } }
        for server in loops { await server.loop.run { server.drain() } }
        core.drain.raise()
        let grace = min(deadline, EventLoop.clock() &+ core.limits.idleGrace.nanoseconds)
        await waitUntilEmpty(grace)
        for server in loops { await server.loop.run { server.closeIdle() } }
        await waitUntilEmpty(deadline)
        let left = core.admission.count
        guard left > 0 else { return [] }
        for server in loops { await server.loop.run { server.abortAll() } }
        return ["\(left) connections whose requests were not finished"]
    }

    private func waitUntilEmpty(_ deadline: MonotonicNanoseconds) async {
        while core.admission.count > 0, EventLoop.clock() < deadline {
            // A cancelled wait only ends the waiting sooner.
            try? await Task.sleep(for: .milliseconds(5))
        }
    }
}
