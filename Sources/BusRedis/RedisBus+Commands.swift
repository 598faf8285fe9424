package import Base
package import Bus
import Reactor
import Synchronization
import Wire

extension RedisBus {
    package func publish(_ message: [UInt8], to channel: Channel) {
        metrics.published.add()
        let publication = Publication(channel: channel, message: Bytes(message))
        let slot = HashSlot.slot(of: wireName(channel))
        guard let node = routing.withLock({ node(for: slot, &$0) }), node.commands.post(publication) else {
            return dropped(publication)
        }
    }

    package func increment(_ key: String, by amount: Int64, expiresAfter: Duration?) async throws(BusError)
        -> Int64
    {
        let (key, amount) = (wireKey(key), Bytes(String(amount)))
        let reply: RESPValue
        if let expiresAfter {
            let expiry = Bytes(String(expiresAfter.millisecondsRoundedUp))
            reply = try await run(.increment, key, [amount, expiry])
        } else {
            reply = try await execute(["INCRBY", key, amount], key)
        }
        guard let value = reply.integer else { throw unexpected(reply) }
        return value
    }

    package func get(_ key: String) async throws(BusError) -> Bytes? {
        let key = wireKey(key)
        let reply = try await execute(["GET", key], key)
        if reply == .null { return nil }
        guard let value = reply.bytes else { throw unexpected(reply) }
        return value
    }

    package func set(_ key: String, to value: Bytes, expiresAfter: Duration?, onlyIfAbsent: Bool)
        async throws(BusError) -> Bool
    {
        let key = wireKey(key)
        var words: [Bytes] = ["SET", key, value]
        if let expiresAfter { words += ["PX", Bytes(String(expiresAfter.millisecondsRoundedUp))] }
        if onlyIfAbsent { words.append("NX") }
        let reply = try await execute(RESPCommand(words), key)
        return reply != .null
    }

    package func delete(_ key: String) async throws(BusError) -> Bool {
        let key = wireKey(key)
        return try await execute(["DEL", key], key).integer == 1
    }

    package func take(_ key: String, cost: Int, emissionInterval: Duration, burst: Int) async throws(BusError)
        -> TokenDecision
    {
        let bucket = try TokenBucket(cost: cost, emissionInterval: emissionInterval, burst: burst)
        let numbers = [bucket.cost, bucket.interval, bucket.burst].map { Bytes(String($0)) }
        let reply = try await run(.take, wireKey(key), numbers)
        guard let parts = reply.elements, parts.count == 3, let isTaken = parts[0].integer,
            let remaining = parts[1].integer, let wait = parts[2].text.flatMap({ Int64($0) })
        else { throw unexpected(reply) }
        if isTaken == 1 { return .taken(remaining: Int(remaining)) }
        return .refused(remaining: Int(remaining), retryAfter: .microseconds(wait))
    }

    private func wireKey(_ key: String) -> Bytes { Bytes(settings.prefix + key) }

    private func unexpected(_ reply: RESPValue) -> BusError {
        .refused("an answer of another kind (\(reply))")
    }

    // MARK: Scripts

    /// Runs a script by its digest; a server that does not know it is sent the script.
    private func run(_ script: RedisScript, _ key: Bytes, _ arguments: [Bytes]) async throws(BusError)
        -> RESPValue
    {
        let rest = ["1", key] + arguments
        let reply = try await execute(RESPCommand(["EVALSHA", script.digest] + rest), key)
        guard case .error = reply else { return reply }
        return try await execute(RESPCommand(["EVAL", script.text] + rest), key)
    }

    // MARK: Sending

    /// Has the owner of the key do something, wherever it is found to be; an error in the answer means `NOSCRIPT`.
    private func execute(_ command: RESPCommand, _ key: Bytes) async throws(BusError) -> RESPValue {
        do throws(BusError) {
            let reply = try await route(command, HashSlot.slot(of: key))
            metrics.answered.add()
            return reply
        } catch {
            metrics.count(error)
            throw error
        }
    }

    private func route(_ command: RESPCommand, _ slot: Int) async throws(BusError) -> RESPValue {
        let deadline = EventLoop.clock() &+ settings.commandTimeout.nanoseconds
        var redirection: (node: RedisNode, isAsking: Bool)?
        var reason: String?
        var attempts = 0
        while attempts == 0 || (EventLoop.clock() < deadline && attempts < 64) {
            attempts += 1
            guard let node = redirection?.node ?? routing.withLock({ node(for: slot, &$0) }) else {
                throw .unavailable("the bus is stopped")
            }
            let commands = redirection?.isAsking == true ? [["ASKING"], command] : [command]
            redirection = nil
            let reply: RESPValue
            do throws(BusError) { reply = try await node.commands.call(commands, by: deadline) } catch {
                guard isGone(node, for: slot, error) else { throw error }
                continue
            }
            guard case .error(let text) = reply else { return reply }
            let refusal = RedisRefusal(text)
            switch refusal {
            case .noScript: return reply
            case .other(let words): throw .refused(words)
            case .stale(let words):
                await node.commands.reconnect(words)
                throw .unavailable(words)
            case .moved(let slot, let endpoint), .ask(let slot, let endpoint):
                metrics.redirections.add()
                reason = text.repairedText
                let target = redirect(slot, to: endpoint, from: node.endpoint, isMove: refusal.isMove)
                redirection = target.map { ($0, !refusal.isMove) }
                // A cluster that has not made up its mind must not be run at.
                if attempts > 3 { try await pause(attempts) }
            case .later(let words), .clusterDown(let words):
                reason = words
                refreshSoon()
                try await pause(attempts)
            }
        }
        throw reason.map { .unavailable($0) } ?? .timedOut
    }

    /// Whether a call failed only because its server has left the cluster's map meanwhile.
    private func isGone(_ node: RedisNode, for slot: Int, _ error: BusError) -> Bool {
        guard settings.url.isCluster, case .unavailable = error else { return false }
        refreshSoon()
        guard let owner = routing.withLock({ self.node(for: slot, &$0) }) else { return false }
        return owner.commands !== node.commands
    }

    private func pause(_ attempts: Int) async throws(BusError) {
        do throws(CancellationError) {
            try await loops.next().sleep(for: .milliseconds(min(10 * attempts, 100)))
        } catch { throw .timedOut }
    }
}
