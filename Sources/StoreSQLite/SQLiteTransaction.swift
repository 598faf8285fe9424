import Store

/// What a body talks to, on the thread of its connection; of no use once the body has ended.
final class SQLiteTransaction: Transaction {
    /// The first call that failed.
    ///
    /// As with PostgreSQL, nothing can be done in the transaction after that.
    private(set) var failure: StoreError?
    private var connection: SQLiteConnection?

    private let isReading: Bool

    /// A transaction that has been begun; one that reads refuses what would change something.
    init(on connection: SQLiteConnection, isReading: Bool) {
        self.connection = connection
        self.isReading = isReading
    }

    var dialect: Dialect { .sqlite }

    /// The body has ended.
    func end() { connection = nil }

    func query(
        _ sql: SQL, _ parameters: [Value], _ row: (borrowing Row) throws -> Void
    ) async throws {
        var refusal: (any Error)?
        try noting { connection in
            try connection.withStatement(sql.text(.sqlite)) { statement in
                if isReading, !statement.isReading { throw StoreError(.misuse, "a reader cannot write") }
                try statement.withBound(parameters) {
                    while try statement.step() {
                        do { try row(Row(statement)) } catch {
                            refusal = error
                            return
                        }
                    }
                }
            }
        }
        // Who does not like a row has not broken the transaction.
        if let refusal { throw refusal }
    }

    func execute(_ sql: SQL, _ parameters: [Value]) async throws -> Int {
        try noting { connection in
            try connection.withStatement(sql.text(.sqlite)) { statement in
                try statement.withBound(parameters) { try statement.run() }
                return statement.countsChanges ? connection.changes : 0
            }
        }
    }

    func insert(into table: SQL, _ columns: [Column]) async throws {
        guard let rows = columns.first?.values.count else { return }
        try noting { connection in
            guard columns.allSatisfy({ $0.values.count == rows }) else {
                throw StoreError(.misuse, "columns of unequal length")
            }
            try connection.withInsertion(into: table, columns) { statement in
                for row in 0..<rows { try statement.insert(row: row, of: columns) }
            }
        }
    }

    /// Every writer waits for every other already.
    func lock(_ name: StaticString) async throws { try noting { _ in } }

    private func noting<R>(_ body: (SQLiteConnection) throws -> R) throws -> R {
        guard let connection else { throw StoreError(.misuse, "the transaction has ended") }
        guard failure == nil else {
            throw StoreError(.misuse, "the transaction has failed; nothing more can be done in it")
        }
        do {
            return try body(connection)
        } catch let error as StoreError {
            failure = error
            throw error
        }
    }
}
