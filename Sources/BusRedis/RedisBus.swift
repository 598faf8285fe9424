package import Base
package import Bus
package import Crypto
package import Reactor
import Synchronization
import Wire

/// The bus over a Redis server or a Redis Cluster.
///
/// While Redis is out of reach, calls fail at once, messages reach the subscribers of this node only, and the bus says
/// that it is degraded. It heals by itself; subscribers then see a gap.
package final class RedisBus: Bus, Service {
    let settings: RedisSettings
    let loops: EventLoopGroup
    let logger: Logger
    let metrics: RedisMetrics
    let hub = SubscriptionHub()
    let board = BusStateBoard(.degraded(since: Clocks.system.now, reason: "not connected yet"))
    let routing = Mutex(RedisRouting())
    private let tls: TLSContext?
    private let links: (stream: AsyncStream<RedisLink>, continuation: AsyncStream<RedisLink>.Continuation)
    private let refreshes: (stream: AsyncStream<Void>, continuation: AsyncStream<Void>.Continuation)

    /// A bus that connects once it runs; throws where the authorities for TLS cannot be read.
    package init(_ settings: RedisSettings, loops: EventLoopGroup, logger: Logger, metrics: Metrics)
        throws(TLSError)
    {
        self.settings = settings
        self.loops = loops
        self.logger = logger
        self.metrics = RedisMetrics(metrics, board: board)
        tls = try settings.url.isSecure ? TLSContext(client: TLSClientSettings(trust: settings.trust)) : nil
        links = AsyncStream.makeStream(of: RedisLink.self)
        refreshes = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        for endpoint in settings.url.endpoints { _ = routing.withLock { node(at: endpoint, &$0) } }
    }

    package let name = "bus"

    package var state: BusState { board.current }

    package func watchState() -> AsyncStream<BusState> { board.watch() }

    // MARK: Life

    /// Tries to sign in; a server that refuses ends the start, one that is out of reach does not.
    package func start() async throws {
        guard let endpoint = settings.url.endpoints.first else { return }
        let probe = RedisLink(
            to: endpoint, .commands, settings: settings, tls: tls, on: loops.next(), owner: nil)
        guard let failure = await probe.probe() else { return }
        guard case .network = failure.kind else { throw BusError.refused("\(endpoint): \(failure)") }
        logger.warning(
            "redis is out of reach",
            ["endpoint": .string("\(endpoint)"), "reason": .string(failure.description)])
    }

    /// Keeps the connections until it is stopped.
    package func run() async throws {
        await withTaskCancellationHandler {
            await withDiscardingTaskGroup { group in
                if settings.url.isCluster {
                    group.addTask(name: "bus map") { await self.followMap(self.refreshes.stream) }
                    group.addTask(name: "bus tick") { await self.tick() }
                }
                for await link in links.stream {
                    group.addTask(name: "bus \(link.endpoint)") { await link.run() }
                }
                group.cancelAll()
            }
        } onCancel: {
            shutDown()
        }
    }

    /// Closes the connections; what still waits for an answer fails.
    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        shutDown()
        return []
    }

    private func shutDown() {
        let nodes = routing.withLock { routing in
            routing.isStopped = true
            return Array(routing.nodes.values)
        }
        board.degrade("stopped")
        for node in nodes { for link in node.links { link.stop() } }
        links.continuation.finish()
        refreshes.continuation.finish()
    }

    // MARK: Servers

    /// The server at an endpoint, which is connected to if it is new.
    func node(at endpoint: RedisEndpoint, _ routing: inout RedisRouting) -> RedisNode? {
        if let known = routing.nodes[endpoint] { return known }
        // No honest cluster has more; redirections must not fill the memory.
        guard !routing.isStopped, routing.nodes.count < 1024 else { return nil }
        let links = [RedisLink.Role.commands, .subscriptions].map { role in
            RedisLink(to: endpoint, role, settings: settings, tls: tls, on: loops.next(), owner: self)
        }
        for link in links { self.links.continuation.yield(link) }
        let node = RedisNode(endpoint: endpoint, commands: links[0], subscriptions: links[1])
        routing.nodes[endpoint] = node
        return node
    }

    /// Asks for the cluster's map soon.
    func refreshSoon() { refreshes.continuation.yield() }

    /// Shows whether all is well.
    func evaluate() {
        // Under the lock, so that what is found out last is shown last.
        let (change, reason) = routing.withLock { routing -> (Bool, String?) in
            guard !routing.isStopped else { return (false, nil) }
            let fault = routing.fault(isCluster: settings.url.isCluster)
            return (fault.map { board.degrade($0) } ?? board.connect(), fault)
        }
        guard change else { return }
        if let reason {
            logger.warning("the bus is degraded", ["reason": .string(reason)])
        } else {
            logger.info("the bus is connected")
        }
    }
}

extension RedisBus: RedisLinkOwner {
    func linkChanged(_ link: RedisLink, isReturn: Bool) {
        if isReturn { metrics.reconnects.add(shard: link.loop.index) }
        evaluate()
        if settings.url.isCluster { refreshSoon() }
    }

    func isWanted(_ name: Bytes) -> Bool { channel(name).map { hub.isListened(to: $0) } ?? false }

    func received(_ message: Bytes, on name: Bytes) {
        metrics.received.add()
        if let channel = channel(name) { hub.deliver(message, to: channel) }
    }

    func caughtUp(_ names: [Bytes]) {
        metrics.gaps.add()
        hub.gap(.reconnected, in: names.compactMap { channel($0) })
    }

    func channelMoved() { refreshSoon() }

    func dropped(_ publication: Publication) {
        metrics.dropped.add()
        hub.deliver(publication.message, to: publication.channel)
    }

    func refused(_ publication: Publication, _ refusal: RedisRefusal, by link: RedisLink) {
        switch refusal {
        case .moved(let slot, let endpoint), .ask(let slot, let endpoint):
            let node = redirect(slot, to: endpoint, from: link.endpoint, isMove: refusal.isMove)
            guard publication.redirections < 3, let node else { return dropped(publication) }
            var publication = publication
            publication.redirections += 1
            if !node.commands.post(publication) { dropped(publication) }
        case .later, .clusterDown, .stale, .noScript, .other:
            refreshSoon()
            dropped(publication)
            logger.debug("redis refuses a message", ["reason": .string("\(refusal)")])
        }
    }

    /// The name of a channel on the server.
    func wireName(_ channel: Channel) -> Bytes { Bytes(settings.prefix + channel.name) }

    private func channel(_ name: Bytes) -> Channel? {
        guard let text = name.text, text.hasPrefix(settings.prefix) else { return nil }
        return Channel(String(text.dropFirst(settings.prefix.count)))
    }
}
