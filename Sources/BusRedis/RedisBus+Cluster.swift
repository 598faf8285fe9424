import Base
package import Bus
import Reactor
import Synchronization
import Wire

extension RedisBus {
    /// The server that owns a slot, as far as is known.
    func node(for slot: Int, _ routing: inout RedisRouting) -> RedisNode? {
        guard settings.url.isCluster, let endpoint = routing.slots?[slot] else { return routing.anyNode }
        return node(at: endpoint, &routing) ?? routing.anyNode
    }

    /// Follows a redirection, and remembers it where it is meant to last.
    func redirect(_ slot: Int, to endpoint: RedisEndpoint, from source: RedisEndpoint, isMove: Bool)
        -> RedisNode?
    {
        let target =
            endpoint.host.isEmpty ? RedisEndpoint(host: source.host, port: endpoint.port) : endpoint
        if isMove { refreshSoon() }
        return routing.withLock { routing in
            if isMove { routing.slots?.move(slot, to: target) }
            return node(at: target, &routing)
        }
    }

    // MARK: The map

    /// Asks for the map from time to time, more often while something is wrong.
    func tick() async {
        refreshSoon()
        while !Task.isCancelled {
            let span = board.current.isConnected ? settings.refreshInterval : .milliseconds(500)
            do throws(CancellationError) { try await loops.next().sleep(for: span) } catch { return }
            refreshSoon()
        }
    }

    /// Fetches the map whenever somebody asks for it, at most ten times a second.
    func followMap(_ refreshes: AsyncStream<Void>) async {
        for await _ in refreshes {
            await fetchMap()
            do throws(CancellationError) { try await loops.next().sleep(for: .milliseconds(100)) } catch {
                return
            }
        }
    }

    private func fetchMap() async {
        let nodes = routing.withLock { Array($0.nodes.values).shuffled() }
        for node in nodes where node.commands.status.fault == nil || nodes.count == 1 || isFirst {
            let deadline = EventLoop.clock() &+ settings.commandTimeout.nanoseconds
            // A server that does not answer is passed over; its connection says what is wrong.
            guard let reply = try? await node.commands.call([["CLUSTER", "SLOTS"]], by: deadline),
                let map = SlotMap(reply, from: node.endpoint), !map.masters.isEmpty
            else { continue }
            return await use(map)
        }
        // Nobody answers: whoever was there in the beginning may know more.
        for endpoint in settings.url.endpoints { _ = routing.withLock { node(at: endpoint, &$0) } }
    }

    private var isFirst: Bool { routing.withLock { $0.slots == nil } }

    private func use(_ map: SlotMap) async {
        let leaving = routing.withLock { routing -> [RedisNode] in
            routing.slots = map
            for endpoint in map.masters { _ = node(at: endpoint, &routing) }
            let masters = Set(map.masters)
            let leaving = routing.nodes.filter { !masters.contains($0.key) }
            for endpoint in leaving.keys { routing.nodes[endpoint] = nil }
            return Array(leaving.values)
        }
        for node in leaving { for link in node.links { link.stop() } }
        await placeChannels()
        evaluate()
    }

    // MARK: Channels

    /// Gives every channel that somebody listens to to the server where it lives.
    private func placeChannels() async {
        let names = hub.channels.map { wireName($0) }
        let (nodes, placed) = routing.withLock { routing in
            (Array(routing.nodes.values), place(names, &routing))
        }
        for node in nodes { await node.subscriptions.assign(placed[node.endpoint]?.names ?? []) }
    }

    /// The channels by the server where they live.
    private func place(_ names: [Bytes], _ routing: inout RedisRouting)
        -> [RedisEndpoint: (link: RedisLink, names: [Bytes])]
    {
        var placed: [RedisEndpoint: (link: RedisLink, names: [Bytes])] = [:]
        let isSharded = routing.isSharded
        for name in names {
            guard let node = home(of: name, isSharded, &routing) else { continue }
            placed[node.endpoint, default: (node.subscriptions, [])].names.append(name)
        }
        return placed
    }

    private func home(of name: Bytes, _ isSharded: Bool, _ routing: inout RedisRouting) -> RedisNode? {
        isSharded ? node(for: HashSlot.slot(of: name), &routing) : routing.firstNode
    }

    func isHome(_ link: RedisLink, of name: Bytes) -> Bool {
        routing.withLock { home(of: name, $0.isSharded, &$0)?.subscriptions === link }
    }
}

extension RedisBus: ChannelSource {
    package func subscribe(to channels: [Channel], limits: SubscriptionLimits) async -> BusSubscription {
        let subscription = BusSubscription(hub: hub, source: self, limits: limits)
        await subscription.add(channels)
        return subscription
    }

    package func listen(to channels: [Channel]) async {
        let deadline = EventLoop.clock() &+ settings.commandTimeout.nanoseconds
        let placed = routing.withLock { place(channels.map { wireName($0) }, &$0) }
        for (link, names) in placed.values { await link.want(names, isLate: false) }
        for (link, names) in placed.values { await link.confirmed(names, by: deadline) }
    }

    package func forget(_ channels: [Channel]) {
        let placed = routing.withLock { place(channels.map { wireName($0) }, &$0) }
        for (link, names) in placed.values { link.unwant(names) }
    }
}
