internal import Base
internal import CPostgres
internal import Reactor
internal import Store

/// How a transaction ended.
enum Outcome<R: Sendable>: Sendable {
    case done(R)
    /// Nothing was changed, and the same may succeed at once.
    case again(StoreError)
    /// The connection was lost before anything was committed.
    case lost(StoreError)
    case failed(any Error)
}

/// One connection, pinned to its loop; one caller at a time has it.
actor PostgresConnection {
    nonisolated let loop: EventLoop
    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    private let settings: PostgresSettings
    private let canceller: Canceller
    private let link: Link
    private let pipeline: Pipeline
    private var lastUse: MonotonicNanoseconds = 0
    private var isInUse = false
    /// Names the present use, so that a cancellation that comes late does not hit the next.
    private var use: UInt64 = 0
    private var cancellation: Canceller.Request?

    init(on loop: EventLoop, settings: PostgresSettings, canceller: Canceller) {
        self.loop = loop
        self.settings = settings
        self.canceller = canceller
        let link = Link(on: loop)
        self.link = link
        pipeline = Pipeline(link, settings: settings)
    }

    /// Connects; `whenLost` runs on the loop if the connection is lost while nobody uses it.
    func open(_ address: PostgresAddress, whenLost: @escaping @Sendable (StoreError) -> Void)
        async throws(StoreError)
    {
        do throws(StoreError) {
            try await link.open(address, by: EventLoop.clock() &+ settings.connectTimeout.nanoseconds)
            try await prepareSession()
        } catch {
            link.close()
            throw StoreError(error.code, address.redacted(error.message))
        }
        lastUse = EventLoop.clock()
        link.whenLost = { [weak self] in
            self?.assumeIsolated { if !$0.isInUse, let loss = $0.link.failure { whenLost(loss) } }
        }
    }

    /// Lets go of the connection, from any thread.
    nonisolated func close() {
        loop.execute { self.assumeIsolated { $0.link.close() } }
    }

    /// Runs a transaction, and gives the connection back by `release`, with the reason where it is lost.
    func transact<R: Sendable>(
        _ kind: PostgresTransaction.Kind, _ release: @Sendable (_ loss: StoreError?) -> Void,
        _ body: @Sendable (PostgresTransaction) async throws -> R
    ) async -> Outcome<R> {
        use &+= 1
        isInUse = true
        link.beginUse()
        let use = use
        let outcome = await withTaskCancellationHandler {
            await run(kind, body)
        } onCancel: {
            // A write that has begun is brought to its end.
            guard kind == .read else { return }
            loop.execute { self.assumeIsolated { if $0.use == use, $0.isInUse { $0.link.cancel() } } }
        }
        await settleCancellation()
        isInUse = false
        lastUse = EventLoop.clock()
        let loss = link.failure
        if loss != nil { link.close() }
        release(loss)
        return outcome
    }

    private func run<R: Sendable>(
        _ kind: PostgresTransaction.Kind, _ body: @Sendable (PostgresTransaction) async throws -> R
    ) async -> Outcome<R> {
        do throws(StoreError) { try await checkHealth() } catch { return .lost(error) }
        let transaction = PostgresTransaction(kind, of: self, on: pipeline) {
            self.assumeIsolated { $0.cancelStatement() }
        }
        do {
            let value = try await body(transaction)
            try await transaction.commit()
            return .done(value)
        } catch {
            return ended(transaction, by: error)
        }
    }

    /// Performs an operation here for a body that is elsewhere.
    func perform(_ operation: PostgresTransaction.Operation, _ lent: LentTransaction) async throws -> Int {
        try await lent.transaction.perform(operation, lent.row)
    }

    /// What a failure means, and the connection left in order.
    private func ended<R>(_ transaction: PostgresTransaction, by error: any Error) -> Outcome<R> {
        if link.failure == nil {
            // A failure here means that the connection is lost, which the release sees.
            do throws(StoreError) { try transaction.rollBack() } catch { link.lose(error) }
        }
        if transaction.isCommitting, let loss = link.failure {
            return .failed(
                StoreError(.outcomeUnknown, "the connection was lost during a commit: \(loss.message)"))
        }
        if link.isCancelled { return .failed(CancellationError()) }
        if let loss = link.failure { return .lost(loss) }
        if transaction.isWorthRepeating, let failure = transaction.failure { return .again(failure) }
        return .failed(error)
    }

    // MARK: Health

    /// What every session begins with.
    private func prepareSession() async throws(StoreError) {
        let milliseconds = { (duration: Duration) in "\(max(1, duration.nanoseconds / 1_000_000))" }
        let text = """
            SELECT pg_is_in_recovery() OR current_setting('transaction_read_only')::bool, \
            set_config('statement_timeout', '\(milliseconds(settings.statementTimeout))', false), \
            set_config('lock_timeout', '\(milliseconds(settings.lockTimeout))', false), \
            set_config('idle_in_transaction_session_timeout', \
            '\(milliseconds(settings.idleInTransactionTimeout))', false), \
            set_config('synchronous_commit', replace(current_setting('synchronous_commit'), 'off', 'on'), false)
            """
        var isReadOnly = false
        do throws(StoreError) {
            try pipeline.send(text, .awaited)
            try pipeline.sync()
            try await pipeline.settle { isReadOnly = try $0.flag(0) }
        } catch { throw link.lose(error) }
        if isReadOnly {
            throw link.lose(StoreError(.unavailable, "this PostgreSQL is a standby; it takes no writes"))
        }
    }

    /// Asks for a sign of life when the connection has not been used for long.
    private func checkHealth() async throws(StoreError) {
        if let failure = link.failure { throw failure }
        guard EventLoop.clock() &- lastUse > settings.idleCheck.nanoseconds else { return }
        try pipeline.sync()
        try await pipeline.settle()
    }

    // MARK: Cancellation

    private func cancelStatement() {
        guard cancellation == nil else { return }
        cancellation = unsafe canceller.cancel(link.handle, on: loop) {
            self.assumeIsolated { $0.link.wake() }
        }
        // Where it cannot even be asked for, the connection is given up.
        if cancellation == nil { link.lose(StoreError(.unavailable, "a statement could not be cancelled")) }
    }

    /// A cancellation that is still on its way must not hit the statement of the next caller.
    private func settleCancellation() async {
        guard let request = cancellation else { return }
        cancellation = nil
        let deadline = EventLoop.clock() &+ 2_000_000_000
        do throws(StoreError) {
            while !request.isOver, link.failure == nil { try await link.wait(until: deadline) }
            if link.failure == nil {
                try pipeline.sync()
                try await pipeline.settle()
            }
        } catch { link.lose(error) }
    }
}
