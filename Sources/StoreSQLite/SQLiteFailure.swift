import CSQLite
import Glibc
import Store

/// What SQLite's result codes mean to callers of the store.
enum SQLiteFailure {
    /// Where a failure happened: the same code may mean something else there.
    enum Place { case opening, preparing, running, runningWithParameters, committing }

    /// The error for a result code.
    ///
    /// SQLite's messages name tables, columns and constraints. Only those of functions that fail while a statement
    /// runs may quote a value, so these are left out when there are parameters.
    @safe static func error(_ code: Int32, of connection: OpaquePointer?, at place: Place) -> StoreError {
        let extended = unsafe connection == nil ? code : sqlite3_extended_errcode(connection)
        let systemError = unsafe connection == nil ? 0 : sqlite3_system_errno(connection)
        // The code of the call counts where the connection's own is of an earlier failure.
        let full = extended & 0xff == code & 0xff ? extended : code
        let isQuoting = place == .runningWithParameters && full & 0xff == SQLITE_ERROR
        let text =
            unsafe connection == nil || isQuoting
            ? String(cString: sqlite3_errstr(code)) : String(cString: sqlite3_errmsg(connection))
        return StoreError(kind(full, systemError, place), "SQLite (\(full)): \(text)")
    }

    private static func kind(_ code: Int32, _ systemError: Int32, _ place: Place) -> StoreError.Code {
        switch code & 0xff {
        case SQLITE_FULL: .full
        case SQLITE_IOERR where systemError == ENOSPC || systemError == EDQUOT: .full
        // After a failed fsync nobody knows what is on the disk.
        case SQLITE_IOERR: place == .committing ? .outcomeUnknown : .unavailable
        case SQLITE_BUSY, SQLITE_LOCKED, SQLITE_INTERRUPT, SQLITE_PROTOCOL: .timeout
        case SQLITE_CORRUPT, SQLITE_NOTADB: .corrupt
        case SQLITE_CONSTRAINT: constraint(code)
        case SQLITE_READONLY, SQLITE_CANTOPEN, SQLITE_PERM, SQLITE_AUTH: .unavailable
        case SQLITE_ERROR, SQLITE_MISUSE, SQLITE_MISMATCH, SQLITE_RANGE, SQLITE_TOOBIG: .misuse
        default: .other
        }
    }

    private static func constraint(_ code: Int32) -> StoreError.Code {
        // The names are macros that Swift does not see.
        switch code >> 8 {
        // SQLITE_CONSTRAINT_PRIMARYKEY, _UNIQUE and _ROWID
        case 6, 8, 10: .notUnique
        // SQLITE_CONSTRAINT_DATATYPE: a STRICT table got a value of another type.
        case 12: .misuse
        default: .constraint
        }
    }
}
