internal import Base
internal import Reactor
internal import Store

/// Opens the connections that a pool asks for, and tries again with growing pauses while the server is away.
struct ConnectionKeeper: Sendable {
    let pool: ConnectionPool
    let address: PostgresAddress
    let settings: PostgresSettings
    let resolver: HostResolver
    let canceller: Canceller

    /// Serves requests until it is cancelled.
    func run(_ requests: AsyncStream<EventLoop>) async {
        await withDiscardingTaskGroup { group in
            for await loop in requests { group.addTask { await open(on: loop) } }
        }
    }

    private func open(on loop: EventLoop) async {
        var attempt = 0
        while !Task.isCancelled {
            do {
                let connection = try await connect(on: loop)
                return pool.opened(connection, isProbe: attempt > 0)
            } catch {
                guard pool.failedToOpen(error, isProbe: attempt > 0) else { return }
            }
            attempt += 1
            // The sleep ends early only by cancellation, which the loop sees.
            do { try await loop.sleep(for: pause(attempt)) } catch { break }
        }
        _ = pool.failedToOpen(StoreError(.closed, "the database is closed"), isProbe: attempt > 0)
    }

    private func connect(on loop: EventLoop) async throws(StoreError) -> PostgresConnection {
        let resolved: PostgresAddress
        do { resolved = try await resolver.resolve(address) } catch let error as HostResolver.NameNotFound {
            throw StoreError(.unavailable, "the host \(error.host) is not known")
        } catch { throw StoreError(.unavailable, "the host cannot be looked up now") }
        let connection = PostgresConnection(on: loop, settings: settings, canceller: canceller)
        try await connection.open(resolved, whenLost: pool.watch(connection))
        return connection
    }

    /// Doubled each time up to the limit, and half of it left to chance, so that nodes do not come all at once.
    private func pause(_ attempt: Int) -> Duration {
        let full = min(.milliseconds(25) * (1 << min(attempt, 10)), settings.backoffMax)
        return full * Double.random(in: 0.5...1)
    }
}
