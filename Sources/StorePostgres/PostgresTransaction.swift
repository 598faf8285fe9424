internal import Base
internal import CPostgres
internal import Reactor
internal import Store

/// A transaction that its user, who is elsewhere, lends to its connection for one operation.
// SAFETY: whoever lends it is suspended until the operation is over, so that it is never used in two places at once.
struct LentTransaction: @unchecked Sendable {
    let transaction: PostgresTransaction
    let row: (borrowing Row) throws -> Void
}

/// One transaction on one connection, used by one task.
///
/// BEGIN, and everything whose result nobody has to see, travels with the first thing that is waited for.
final class PostgresTransaction: Transaction {
    /// What it is for.
    enum Kind: Sendable {
        case read, write

        var begin: String {
            switch self {
            case .read: "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"
            // A lock must come before the snapshot that it guards, and here each statement has a snapshot of its own.
            case .write: "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"
            }
        }
    }

    private let kind: Kind
    private let connection: PostgresConnection
    private let pipeline: Pipeline
    /// Asks the server to give up the statement that runs.
    private let onCancel: () -> Void
    private var hasBegun = false
    private var hasEnded = false
    /// Whether a COMMIT is on its way, and its outcome not known.
    var isCommitting: Bool { hasEnded && pipeline.commit == .underWay }
    /// Why the server has given the transaction up.
    private(set) var failure: StoreError?
    /// Whether running it again from its start may help.
    private(set) var isWorthRepeating = false

    init(
        _ kind: Kind, of connection: PostgresConnection, on pipeline: Pipeline, onCancel: @escaping () -> Void
    ) {
        self.kind = kind
        self.connection = connection
        self.pipeline = pipeline
        self.onCancel = onCancel
    }

    var dialect: Dialect { .postgres }

    func query(_ sql: SQL, _ parameters: [Value], _ row: (borrowing Row) throws -> Void) async throws {
        _ = try await onLoop(.statement(sql, parameters), row)
    }

    func execute(_ sql: SQL, _ parameters: [Value]) async throws -> Int {
        try await onLoop(.statement(sql, parameters)) { _ in }
    }

    func lock(_ name: StaticString) async throws {
        _ = try await onLoop(.lock(name)) { _ in }
    }

    func insert(into table: SQL, _ columns: [Column]) async throws {
        _ = try await onLoop(.insert(table, columns)) { _ in }
    }

    /// What can be asked for.
    enum Operation: Sendable {
        case statement(SQL, [Value])
        case insert(SQL, [Column])
        case lock(StaticString)
    }

    /// Performs an operation on the connection's loop, where the body of a transaction usually is already.
    ///
    /// It is elsewhere within closures that other modules call (those of a task group, a task-local value, a test).
    private func onLoop(
        _ operation: Operation, isolation: isolated (any Actor)? = #isolation,
        _ row: (borrowing Row) throws -> Void
    ) async throws -> Int {
        if pipeline.link.loop.isCurrent { return try await perform(operation, row) }
        let connection = connection
        return try await withoutActuallyEscaping(row) { row in
            // Named, so that the closure runs where this function does.
            _ = isolation
            return try await connection.perform(operation, LentTransaction(transaction: self, row: row))
        }
    }

    /// Performs an operation; on the loop.
    func perform(
        _ operation: Operation, _ row: (borrowing Row) throws -> Void
    ) async throws -> Int {
        try begin()
        // A write that has begun is brought to its end, so that its caller knows what became of it.
        if kind == .read { try Task.checkCancellation() }
        var rowError: (any Error)?
        var changed = 0
        do throws(StoreError) {
            switch operation {
            case .lock(let name):
                // Waited for, because a body may rely on the lock for more than statements.
                try queueLock(name)
                try pipeline.sync()
                try await pipeline.settle()
            case .insert(let table, let columns): try await queueInsert(table, columns)
            case .statement(let sql, let parameters):
                try await pipeline.send(sql.text(.postgres), parameters, .awaited)
                try pipeline.sync()
                let settled = try await pipeline.settle(row, onCancel: onCancel)
                (rowError, changed) = (settled.rowError, settled.changed)
            }
        } catch { throw note(error) }
        if let rowError { throw rowError }
        return changed
    }

    private func queueLock(_ name: StaticString) throws(StoreError) {
        // FNV-1a, because the number must be the same in every process and version.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in "\(name)".utf8 { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        let parameters = pipeline.parameters
        parameters.removeAll()
        parameters.begin()
        parameters.put(Int64(bitPattern: hash))
        try parameters.end()
        try pipeline.send("SELECT pg_advisory_xact_lock($1)", types: [.int8], .quiet)
    }

    private func queueInsert(_ table: SQL, _ columns: [Column]) async throws(StoreError) {
        let batch = try InsertBatch(table, columns)
        var start = 0
        while start < batch.rowCount {
            let end = batch.end(from: start)
            try batch.encode(start..<end, into: pipeline.parameters)
            try pipeline.send(batch.text, types: batch.types, .quiet)
            start = end
            if start < batch.rowCount { try await pipeline.relieve() }
        }
    }

    /// Queues BEGIN before the first statement; refuses more statements after the end or a failure.
    private func begin() throws(StoreError) {
        if hasEnded { throw StoreError(.misuse, "the transaction has ended") }
        if let failure {
            throw StoreError(failure.code, "the transaction has failed before: \(failure.message)")
        }
        guard !hasBegun else { return }
        hasBegun = true
        pipeline.beginTransaction()
        try pipeline.tidy()
        try pipeline.send(kind.begin, .quiet)
    }

    /// Remembers the first failure: after it nothing more can be done here.
    @discardableResult
    private func note(_ error: StoreError) -> StoreError {
        let state = pipeline.takeState()
        guard failure == nil else { return error }
        failure = error
        isWorthRepeating = state?.isWorthRepeating(error.message) ?? false
        return error
    }

    // MARK: The end

    /// Makes what was done last; throws what kept it from lasting.
    func commit() async throws {
        hasEnded = true
        if let failure { throw failure }
        guard hasBegun else { return }
        // Nobody needs the answer to the end of a read: whoever uses the connection next reads it.
        if kind == .read { return try end("COMMIT") }
        do throws(StoreError) {
            try pipeline.send("COMMIT", .commit)
            try pipeline.sync()
            try await pipeline.settle()
        } catch {
            // The connection may end right behind the answer: that is a success all the same.
            guard pipeline.commit == .done else { throw note(error) }
        }
        hasBegun = false
    }

    /// Undoes what was done.
    func rollBack() throws(StoreError) {
        hasEnded = true
        guard hasBegun else { return }
        try end("ROLLBACK")
    }

    private func end(_ text: String) throws(StoreError) {
        hasBegun = false
        // What was queued before and may fail is set apart, so that its failure does not skip the end.
        try pipeline.sync()
        try pipeline.send(text, .closing)
        try pipeline.sync()
        pipeline.disown()
    }
}
