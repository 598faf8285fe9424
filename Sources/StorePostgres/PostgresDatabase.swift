package import Base
package import Reactor
package import Store

/// PostgreSQL 13 or later, through libpq in pipeline mode on the event loops.
///
/// A read has one snapshot (repeatable read). A write sees what others have committed before each of its statements
/// (read committed): what must not change in between is guarded by `lock`, or changed and read in one statement.
/// Transactions that fail by serialization or deadlock are run again; so are those whose connection is lost before
/// their commit, as long as the caller may wait. A caller that is cancelled leaves the queue, and its read is ended on the
/// server; a write that has begun is brought to its end.
package final class PostgresDatabase: Database {
    private let settings: PostgresSettings
    private let pool: ConnectionPool
    private let resolver: HostResolver
    private let canceller: Canceller
    private let requests: AsyncStream<EventLoop>.Continuation
    private let keeper: Task<Void, Never>
    private let loops: [EventLoop]

    /// Begins to connect, and does not wait for it; throws only what no waiting would mend.
    ///
    /// The URL has the form `postgres://user:password@host:port/database?sslmode=verify-full&sslrootcert=FILE`.
    package init(_ url: Secret, settings: PostgresSettings = PostgresSettings(), loops: [EventLoop])
        throws(StoreError)
    {
        guard !loops.isEmpty, settings.connectionsMax > 0 else {
            throw StoreError(.misuse, "a database needs a loop and a connection")
        }
        let address = try PostgresAddress(url.reveal().text ?? "")
        self.settings = settings
        self.loops = loops
        do {
            resolver = try HostResolver()
            canceller = try Canceller()
        } catch { throw StoreError(.other, "\(error)") }
        let (requested, requests) = AsyncStream.makeStream(of: EventLoop.self)
        self.requests = requests
        pool = ConnectionPool(loops: loops, settings: settings, requests: requests)
        let keeper = ConnectionKeeper(
            pool: pool, address: address, settings: settings, resolver: resolver, canceller: canceller)
        // The one task without a parent: it opens connections for whoever comes, and `close` waits for it.
        self.keeper = Task { await keeper.run(requested) }
    }

    package var dialect: Dialect { .postgres }

    package var state: DatabaseState { pool.condition }

    package func read<R: Sendable>(
        _ body: @escaping @Sendable (any ReadTransaction) async throws -> R
    ) async throws -> R {
        try await run(.read) { try await body($0) }
    }

    package func write<R: Sendable>(
        _ body: @escaping @Sendable (any Transaction) async throws -> R
    ) async throws -> R {
        try await run(.write) { try await body($0) }
    }

    package func close() async {
        await pool.close()
        requests.finish()
        keeper.cancel()
        await keeper.value
        canceller.shutdown()
        resolver.shutdown()
    }

    private func run<R: Sendable>(
        _ kind: PostgresTransaction.Kind, _ body: @escaping @Sendable (PostgresTransaction) async throws -> R
    ) async throws -> R {
        let deadline = EventLoop.clock() &+ settings.waitingMax.nanoseconds
        var attempt = 0
        while true {
            let connection = try await pool.acquire(until: deadline)
            let release: @Sendable (StoreError?) -> Void = { [pool] in pool.release(connection, loss: $0) }
            switch await connection.transact(kind, release, body) {
            case .done(let value): return value
            case .failed(let error): throw error
            case .lost(let error):
                guard EventLoop.clock() < deadline else { throw StoreError(.unavailable, error.message) }
            case .again(let error):
                guard attempt < settings.retriesMax else { throw error }
                // Those that got into each other's way should not meet again.
                let longest = min(5 << min(attempt, 6), 200)
                try await connection.loop.sleep(for: .milliseconds(longest) * Double.random(in: 0...1))
            }
            attempt += 1
        }
    }
}
