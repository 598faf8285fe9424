import Base
import CSQLite
import Store

/// A prepared statement, and the row that it stands on.
///
/// Used on the thread of its connection only, and not after that has been closed.
@safe final class SQLiteStatement {
    let text: String
    /// Whether it changes nothing.
    let isReading: Bool
    /// Whether SQLite counts rows that it changed.
    let countsChanges: Bool
    /// When it was last used, for the cache.
    var lastUse: UInt64 = 0
    /// Somebody stands on a row of it.
    var isInUse = false
    /// For each of SQLite's parameters, in the order in which they first appear, the number of ours less one.
    let slots: [Int]

    let handle: OpaquePointer
    private let connection: OpaquePointer

    init(_ text: String, on connection: OpaquePointer) throws(StoreError) {
        var made: OpaquePointer?
        let code = unsafe sqlite3_prepare_v3(
            connection, text, -1, UInt32(SQLITE_PREPARE_PERSISTENT), &made, nil)
        guard code == SQLITE_OK else {
            throw SQLiteFailure.error(code, of: connection, at: .preparing)
        }
        guard let handle = unsafe made else { throw StoreError(.misuse, "an empty statement") }
        do {
            slots = try unsafe Self.slots(of: handle)
        } catch {
            unsafe sqlite3_finalize(handle)
            throw error
        }
        self.text = text
        unsafe self.handle = unsafe handle
        unsafe self.connection = unsafe connection
        let isDefinition = ["CREATE", "DROP", "ALTER", "PRAGMA"].contains { word in
            text.drop { $0.isWhitespace }.prefix(word.count).uppercased() == word
        }
        isReading = unsafe sqlite3_stmt_readonly(handle) != 0
        countsChanges = !isReading && !isDefinition
    }

    deinit { unsafe sqlite3_finalize(handle) }

    /// Runs up to the next row; false at the end.
    func step() throws(StoreError) -> Bool {
        let code = unsafe sqlite3_step(handle)
        if code == SQLITE_ROW { return true }
        if code == SQLITE_DONE { return false }
        let place: SQLiteFailure.Place = slots.isEmpty ? .running : .runningWithParameters
        throw unsafe SQLiteFailure.error(code, of: connection, at: place)
    }

    /// Runs to the end, without a look at the rows.
    func run() throws(StoreError) {
        while try step() {}
    }

    /// Runs what commits.
    func commit() throws(StoreError) {
        let code = unsafe sqlite3_step(handle)
        guard code != SQLITE_DONE else { return }
        throw unsafe SQLiteFailure.error(code, of: connection, at: .committing)
    }

    /// Makes it ready for the next run; what was bound is not looked at again.
    func reset() { unsafe sqlite3_reset(handle) }

    /// Throws what a failed call to bind means.
    func check(_ code: Int32) throws(StoreError) {
        guard code == SQLITE_OK else {
            throw unsafe SQLiteFailure.error(code, of: connection, at: .runningWithParameters)
        }
    }

    private static func slots(of handle: OpaquePointer) throws(StoreError) -> [Int] {
        var slots: [Int] = []
        let count = unsafe sqlite3_bind_parameter_count(handle)
        for index in 0..<count {
            guard let name = unsafe sqlite3_bind_parameter_name(handle, index + 1),
                let number = unsafe Int(String(cString: name).dropFirst()), number > 0
            else {
                throw StoreError(.misuse, "parameters are written $1, $2 and so on")
            }
            slots.append(number - 1)
        }
        guard slots.max().map({ $0 + 1 }) ?? 0 == slots.count else {
            throw StoreError(.misuse, "the parameters' numbers have a gap")
        }
        return slots
    }
}

extension SQLiteStatement: RowCells {
    // Asked anew: it changes with the schema.
    var columnCount: Int { unsafe Int(sqlite3_column_count(handle)) }

    func isNull(_ column: Int) -> Bool { kind(column) == SQLITE_NULL }

    func integer(_ column: Int) throws(StoreError) -> Int64 {
        guard kind(column) == SQLITE_INTEGER else { throw mismatch(column, "a whole number") }
        return unsafe sqlite3_column_int64(handle, Int32(truncatingIfNeeded: column))
    }

    func real(_ column: Int) throws(StoreError) -> Double {
        let kind = kind(column)
        guard kind == SQLITE_FLOAT || kind == SQLITE_INTEGER else { throw mismatch(column, "a number") }
        return unsafe sqlite3_column_double(handle, Int32(truncatingIfNeeded: column))
    }

    func text(_ column: Int) throws(StoreError) -> String {
        guard kind(column) == SQLITE_TEXT else { throw mismatch(column, "a text") }
        guard let text = unsafe String(validating: memory(column), as: UTF8.self) else {
            throw StoreError(.corrupt, "column \(column) holds a text that is not UTF-8")
        }
        return text
    }

    func bytes(_ column: Int) throws(StoreError) -> Bytes {
        let kind = kind(column)
        guard kind == SQLITE_BLOB || kind == SQLITE_TEXT else { throw mismatch(column, "bytes") }
        return unsafe Bytes(Array(memory(column)))
    }

    func value(_ column: Int) throws(StoreError) -> Value {
        switch kind(column) {
        case SQLITE_INTEGER: .integer(try integer(column))
        case SQLITE_FLOAT: .real(try real(column))
        case SQLITE_TEXT: .text(try text(column))
        case SQLITE_BLOB: .bytes(try bytes(column))
        default: .null
        }
    }

    private func kind(_ column: Int) -> Int32 {
        unsafe sqlite3_column_type(handle, Int32(truncatingIfNeeded: column))
    }

    /// A blob's or a text's bytes, as they are until the next step.
    @inline(__always)
    private func memory(_ column: Int) -> UnsafeBufferPointer<UInt8> {
        let column = Int32(truncatingIfNeeded: column)
        let start = unsafe sqlite3_column_blob(handle, column)
        let count = unsafe Int(sqlite3_column_bytes(handle, column))
        return unsafe UnsafeBufferPointer(
            start: start?.assumingMemoryBound(to: UInt8.self), count: start == nil ? 0 : count)
    }

    private func mismatch(_ column: Int, _ wanted: String) -> StoreError {
        guard column >= 0, column < columnCount else {
            return StoreError(.misuse, "there is no column \(column) among \(columnCount)")
        }
        return StoreError(.misuse, "column \(column) does not hold \(wanted)")
    }
}
