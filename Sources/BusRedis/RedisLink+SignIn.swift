import Base
import Crypto
import Reactor
import Wire

extension RedisLink {
    /// Makes a connection that is signed in; the status says so.
    func connect() async throws(LinkFailure) {
        let addresses: [SocketAddress]
        do { addresses = try await HostLookup.addresses(of: endpoint) } catch {
            throw LinkFailure("\(endpoint.host) cannot be looked up (\(error))")
        }
        let deadline = EventLoop.clock() &+ settings.connectTimeout.nanoseconds
        var failure = LinkFailure("\(endpoint.host) has no address")
        for address in addresses.prefix(4) {
            do throws(LinkFailure) {
                try await open(address, by: deadline)
                return try await signIn()
            } catch {
                stream?.close()
                failure = error
                if case .setup = error.kind { throw error }
            }
        }
        throw failure
    }

    private func open(_ address: SocketAddress, by deadline: MonotonicNanoseconds) async throws(LinkFailure) {
        parser = RESPParser(limits: settings.limits)
        let engine: TLSEngine?
        do throws(TLSError) {
            engine = try tls.map { (context) throws(TLSError) in
                try TLSEngine(connecting: context, to: endpoint.host)
            }
        } catch { throw LinkFailure("\(error)", .setup) }
        let now = EventLoop.clock()
        guard deadline > now else { throw LinkFailure("the server cannot be reached in time") }
        do throws(StreamError) {
            let stream = try await Reactor.Stream.connect(
                to: address, on: loop, tls: engine, timeout: .nanoseconds(Int64(deadline - now)))
            self.stream = stream
            // Large blocks of commands must not wait for a server that takes nothing.
            stream.writeTimeout = settings.connectTimeout.nanoseconds
            stream.setReadDeadline(deadline)
            let arrival = try await stream.handshake { parser.append($0) }
            guard case .bytes = arrival else { throw StreamError.closed }
        } catch { throw LinkFailure(error) }
    }

    /// Greets the server: RESP3, user, password, name and database.
    private func signIn() async throws(LinkFailure) {
        var hello: [Bytes] = ["HELLO", "3"]
        if let password = settings.url.password {
            hello += ["AUTH", Bytes(settings.url.user ?? "default"), password.reveal()]
        }
        hello += ["SETNAME", Bytes("\(settings.clientName)-\(role.rawValue)")]
        stream?.write(RESPCommand(hello).encoded)
        let database = settings.url.database
        if database != 0 { stream?.write(RESPCommand(["SELECT", Bytes(String(database))]).encoded) }
        stream?.flush()
        let reply = try await answer()
        if case .error(let text) = reply { throw LinkFailure(hello: text.repairedText) }
        guard let server = RedisServer(hello: reply, maySharded: settings.usesShardedChannels) else {
            throw LinkFailure("what answers is no Redis server")
        }
        if database != 0, case .error(let text) = try await answer() {
            throw LinkFailure("database \(database) is refused (\(text))", .setup)
        }
        guard server.isCluster == settings.url.isCluster else {
            throw LinkFailure(
                server.isCluster
                    ? "the server belongs to a cluster: the URL must begin with redis+cluster:// or rediss+cluster://"
                    : "the server belongs to no cluster: the URL must begin with redis:// or rediss://",
                .setup)
        }
        guard !server.isReplica || server.isCluster else {
            throw LinkFailure("the server is a replica, which takes no writes")
        }
        show(.up(server))
    }

    /// The next answer while nobody else reads.
    private func answer() async throws(LinkFailure) -> RESPValue {
        guard let stream else { throw LinkFailure("the connection was closed") }
        while true {
            do throws(RESPError) {
                if let value = try parser.next() {
                    if case .push = value { continue }
                    return value
                }
            } catch { throw LinkFailure(error) }
            let arrival: Arrival
            do throws(StreamError) { arrival = try await stream.receive { parser.append($0) } } catch {
                throw LinkFailure(error)
            }
            switch arrival {
            case .bytes: continue
            case .end: throw LinkFailure("the server closed the connection")
            case .timedOut: throw LinkFailure("the server does not answer")
            }
        }
    }
}
