import Reactor
import Store

/// A connection that reads, on a thread of its own. One caller uses it at a time.
actor SQLiteReader {
    private nonisolated let executor: ThreadExecutor
    private let settings: SQLiteDatabase.Settings
    private var connection: SQLiteConnection?

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe executor.asUnownedSerialExecutor() }

    init(_ settings: SQLiteDatabase.Settings, number: Int) throws(SystemError) {
        executor = try ThreadExecutor("sqlite-read-\(number)")
        self.settings = settings
    }

    func open() throws(StoreError) { connection = try SQLiteConnection(settings, for: .reading) }

    func close() { connection = nil }

    /// Ends the thread, once nobody can come any more.
    nonisolated func shutdown() { executor.shutdown() }

    /// Runs `body` on one snapshot.
    func run<R: Sendable>(_ body: @Sendable (any ReadTransaction) async throws -> R) async throws -> R {
        guard let connection else { throw StoreError.closed }
        try connection.beginTransaction()
        let transaction = SQLiteTransaction(on: connection, isReading: true)
        do {
            let value = try await body(transaction)
            transaction.end()
            if let failure = transaction.failure { throw failure }
            try connection.rollbackTransaction()
            return value
        } catch {
            transaction.end()
            try connection.rollbackTransaction()
            throw error
        }
    }
}
