/// A database: reads beside one another, writes that are durable when `write` returns.
///
/// The closures get a transaction that ends with them. They must do nothing but talk to it: with SQLite all writers
/// wait for one another. They may run more than once (PostgreSQL's serialization failures), so they change nothing else.
package protocol Database: Sendable {
    /// Which SQL it speaks.
    var dialect: Dialect { get }

    /// Runs `body` on one consistent snapshot.
    func read<R: Sendable>(_ body: @escaping @Sendable (any ReadTransaction) async throws -> R) async throws
        -> R

    /// Runs `body` in a transaction and returns once that is on disk; what it throws undoes it.
    ///
    /// Many callers' transactions may share one commit; the failure of one does not undo the others.
    @discardableResult
    func write<R: Sendable>(_ body: @escaping @Sendable (any Transaction) async throws -> R) async throws -> R

    /// What writes run on, where that is one thread: an actor there writes without any change of threads.
    var writingExecutor: (any SerialExecutor)? { get }

    /// Whether it can be used, and why not.
    var state: DatabaseState { get }

    /// Looks for damage; no findings mean none was found.
    func checkIntegrity() async throws -> [String]

    /// How much room it takes on disk.
    func sizeBytes() async throws -> Int64

    /// Waits for what is under way, then lets go of files and connections.
    func close() async
}

/// Whether a database can be used.
package enum DatabaseState: Sendable, Equatable {
    case ready
    /// It works, but not for ever, for a reason that somebody should look at.
    case degraded(reason: String)
    /// It cannot be used now, for a reason; it is tried again without being asked.
    case unavailable(reason: String)
    case closed
}

/// What can be asked of a database at one moment in its life.
///
/// Once a call has failed, nothing more can be done in the transaction, and it cannot succeed any more: PostgreSQL has
/// it so. What `row` throws is no such failure.
package protocol ReadTransaction: AnyObject {
    /// Which SQL it speaks.
    var dialect: Dialect { get }

    /// Runs a statement and lends each row of its result to `row`.
    func query(
        _ sql: SQL, _ parameters: [Value], _ row: (borrowing Row) throws -> Void
    ) async throws
}

/// A transaction that may change things.
package protocol Transaction: ReadTransaction {
    /// Runs a statement; returns how many rows it changed.
    @discardableResult
    func execute(_ sql: SQL, _ parameters: [Value]) async throws -> Int

    /// Adds many rows at once, in the fastest way that the database has. All columns have as many values.
    func insert(into table: SQL, _ columns: [Column]) async throws

    /// Makes every other transaction that asks for the same lock wait until this one has ended.
    func lock(_ name: StaticString) async throws
}

extension ReadTransaction {
    /// All rows of a result.
    package func all<R>(
        _ sql: SQL, _ parameters: [Value] = [], _ row: (borrowing Row) throws -> R
    ) async throws -> [R] {
        var rows: [R] = []
        try await query(sql, parameters) { rows.append(try row($0)) }
        return rows
    }

    /// The first row of a result, if there is one.
    package func first<R>(
        _ sql: SQL, _ parameters: [Value] = [], _ row: (borrowing Row) throws -> R
    ) async throws -> R? {
        var result: R?
        try await query(sql, parameters) { if result == nil { result = try row($0) } }
        return result
    }
}

extension Transaction {
    /// Runs a statement that has no parameters.
    @discardableResult
    package func execute(_ sql: SQL) async throws -> Int { try await execute(sql, []) }
}

extension Database {
    /// None: writes run beside one another.
    package var writingExecutor: (any SerialExecutor)? { nil }
}
