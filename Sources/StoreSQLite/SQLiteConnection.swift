import CSQLite
import CSQLiteLog
import Glibc
import Store

/// One connection to the file, with the statements that it has prepared.
///
/// It belongs to one actor and is used on that actor's thread only.
@safe final class SQLiteConnection {
    private let handle: OpaquePointer
    private let pages: UnsafeMutablePointer<Int32>
    private let statementsMax: Int
    private var statements: [String: SQLiteStatement] = [:]
    private var insertions: [Insertion] = []
    private var uses: UInt64 = 0
    private let begin: SQLiteStatement
    private let commit: SQLiteStatement
    private let rollback: SQLiteStatement
    private let savepoint: SQLiteStatement
    private let release: SQLiteStatement
    private let undo: SQLiteStatement

    private static let isConfigured = hg_sqlite_configure() == SQLITE_OK
    /// Whether there are the file systems that are kinder to the disk than SQLite's own, which does as well.
    private static let hasFileSystems = hg_sqlite_register_files() == 1

    /// What a connection is for.
    enum Purpose { case writing, reading, tidying }

    private struct Insertion {
        let table: SQL
        let names: [SQL]
        let statement: SQLiteStatement

        func isOf(_ columns: [Column]) -> Bool {
            guard names.count == columns.count else { return false }
            for index in names.indices where names[index] != columns[index].name { return false }
            return true
        }
    }

    /// Opens the file.
    ///
    /// A writing connection makes the file one with a write-ahead log.
    init(_ settings: SQLiteDatabase.Settings, for purpose: Purpose) throws(StoreError) {
        let writes = purpose == .writing
        var opened: OpaquePointer?
        // Of no effect where something else in this process has used SQLite before.
        _ = Self.isConfigured
        // Each connection stays on one thread, so that SQLite needs no locks of its own.
        let flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE
        let fileSystem: String? =
            switch purpose {
            case _ where !Self.hasFileSystems: nil
            case .writing: "heliograph-log"
            case .tidying: "heliograph-step"
            case .reading: nil
            }
        let code = unsafe sqlite3_open_v2(settings.path, &opened, flags, fileSystem)
        guard code == SQLITE_OK, let handle = unsafe opened else {
            defer { unsafe sqlite3_close_v2(opened) }
            throw SQLiteFailure.error(code, of: opened, at: .opening)
        }
        do {
            unsafe hg_sqlite_harden(handle)
            unsafe sqlite3_busy_timeout(
                handle, Int32(clamping: Int64(settings.busyTimeout / .milliseconds(1))))
            if writes { try Self.useLog(handle, settings.busyTimeout) }
            for pragma in settings.pragmas(writes: writes) {
                _ = try unsafe SQLiteStatement(pragma, on: handle).step()
            }
            begin = try unsafe SQLiteStatement(writes ? "BEGIN IMMEDIATE" : "BEGIN", on: handle)
            commit = try unsafe SQLiteStatement("COMMIT", on: handle)
            rollback = try unsafe SQLiteStatement("ROLLBACK", on: handle)
            savepoint = try unsafe SQLiteStatement("SAVEPOINT body", on: handle)
            release = try unsafe SQLiteStatement("RELEASE body", on: handle)
            undo = try unsafe SQLiteStatement("ROLLBACK TO body", on: handle)
        } catch {
            unsafe sqlite3_close_v2(handle)
            throw error
        }
        unsafe pages = .allocate(capacity: 1)
        unsafe pages.initialize(to: 0)
        unsafe hg_sqlite_count_log(handle, pages)
        unsafe self.handle = unsafe handle
        statementsMax = settings.statementsMax
    }

    // Statements that are still there keep SQLite's side alive until they have gone as well.
    deinit {
        unsafe sqlite3_wal_hook(handle, nil, nil)
        unsafe sqlite3_close_v2(handle)
        unsafe pages.deallocate()
    }

    /// Whether a transaction is open: SQLite ends it by itself after some failures.
    var isInTransaction: Bool { unsafe sqlite3_get_autocommit(handle) == 0 }

    /// How many rows the last INSERT, UPDATE or DELETE changed.
    var changes: Int { unsafe Int(sqlite3_changes64(handle)) }

    /// The failure that a constraint which is checked at the end would make of the commit.
    var openConstraint: StoreError? {
        var open: Int32 = 0
        var highest: Int32 = 0
        unsafe sqlite3_db_status(handle, SQLITE_DBSTATUS_DEFERRED_FKS, &open, &highest, 0)
        return open == 0 ? nil : StoreError(.constraint, "a foreign key does not hold at the end")
    }

    /// How many pages the write-ahead log had after the last commit here.
    var logPages: Int { unsafe Int(pages.pointee) }

    /// Moves what is in the write-ahead log into the file, as far as can be done without keeping anybody waiting.
    func checkpoint() throws(StoreError) {
        forgetLog()
        let code = unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_PASSIVE, nil, nil)
        guard code == SQLITE_OK || code == SQLITE_BUSY else {
            throw unsafe SQLiteFailure.error(code, of: handle, at: .running)
        }
    }

    /// Moves all of the write-ahead log into the file and empties it, as far as readers allow.
    func emptyLog() {
        forgetLog()
        unsafe sqlite3_wal_checkpoint_v2(handle, nil, SQLITE_CHECKPOINT_TRUNCATE, nil, nil)
    }

    /// Lets go of what was collected for the log by a transaction that was undone: others may have written there since.
    private func forgetLog() { unsafe hg_sqlite_forget_log(UnsafeMutableRawPointer(handle)) }

    func beginTransaction() throws(StoreError) {
        forgetLog()
        try run(begin)
    }
    func beginPart() throws(StoreError) { try run(savepoint) }
    func endPart() throws(StoreError) { try run(release) }

    func commitTransaction() throws(StoreError) {
        defer { commit.reset() }
        try commit.commit()
    }

    /// Undoes what was done since the last `beginPart`.
    func undoPart() throws(StoreError) {
        try run(undo)
        try run(release)
    }

    /// Undoes the whole transaction, where SQLite has not done so.
    func rollbackTransaction() throws(StoreError) {
        if isInTransaction { try run(rollback) }
    }

    /// Lends a prepared statement to `body`.
    func withStatement<R>(_ text: String, _ body: (SQLiteStatement) throws -> R) throws -> R {
        let statement = try statement(text)
        return try lend(statement, body)
    }

    /// Lends the statement that adds a row to a table.
    func withInsertion<R>(
        into table: SQL, _ columns: [Column], _ body: (SQLiteStatement) throws -> R
    ) throws -> R {
        // The text of the statement is not made again for what is inserted all the time.
        if let known = insertions.firstIndex(where: { $0.table == table && $0.isOf(columns) }) {
            let insertion = insertions[known]
            if known > 0 { insertions.swapAt(known, known - 1) }
            return try lend(insertion.statement, body)
        }
        var names: SQL = ""
        var values: SQL = ""
        for (index, column) in columns.enumerated() {
            names += index == 0 ? column.name : ", " + column.name
            values += (index == 0 ? "" : ", ") + .parameter(index + 1)
        }
        let sql = "INSERT INTO " + table + " (" + names + ") VALUES (" + values + ")"
        let statement = try unsafe SQLiteStatement(sql.text(.sqlite), on: handle)
        if insertions.count >= statementsMax { insertions.removeLast() }
        insertions.append(Insertion(table: table, names: columns.map(\.name), statement: statement))
        return try lend(statement, body)
    }

    /// Makes the file one with a write-ahead log, if it is none yet.
    @safe private static func useLog(_ handle: OpaquePointer, _ patience: Duration) throws(StoreError) {
        let deadline = ContinuousClock.now + patience
        while true {
            do throws(StoreError) {
                let statement = try unsafe SQLiteStatement("PRAGMA journal_mode = WAL", on: handle)
                guard try statement.step(), try statement.text(0) == "wal" else {
                    throw StoreError(.unavailable, "the file system cannot hold a write-ahead log")
                }
                return
            } catch {
                // Two that make the same file at once do not wait for each other, as they do for everything else.
                guard error.code == .timeout, ContinuousClock.now < deadline else { throw error }
                usleep(5_000)
            }
        }
    }

    private func lend<R>(_ statement: SQLiteStatement, _ body: (SQLiteStatement) throws -> R) rethrows -> R {
        statement.isInUse = true
        defer {
            statement.reset()
            statement.isInUse = false
        }
        return try body(statement)
    }

    private func statement(_ text: String) throws(StoreError) -> SQLiteStatement {
        uses += 1
        if let known = statements[text], !known.isInUse {
            known.lastUse = uses
            return known
        }
        let statement = try unsafe SQLiteStatement(text, on: handle)
        statement.lastUse = uses
        if statements[text] == nil {
            if statements.count >= statementsMax,
                let oldest = statements.values.min(by: { $0.lastUse < $1.lastUse })
            {
                statements[oldest.text] = nil
            }
            statements[text] = statement
        }
        return statement
    }

    private func run(_ statement: SQLiteStatement) throws(StoreError) {
        defer { statement.reset() }
        try statement.run()
    }
}
