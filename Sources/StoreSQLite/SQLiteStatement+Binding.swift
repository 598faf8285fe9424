import Base
import CSQLite
import Glibc
import Store

/// Parameters are lent to SQLite for one run, not copied: each text and each blob is held by a frame of the recursion
/// below until the statement has run.
extension SQLiteStatement {
    /// Runs `body` while the parameters are bound.
    func withBound(_ parameters: [Value], _ body: () throws -> Void) throws {
        guard parameters.count == slots.count else {
            throw StoreError(
                .misuse, "\(parameters.count) parameters for a statement that has \(slots.count)")
        }
        try bind(parameters, from: 0, body)
    }

    /// Runs the statement for one row of `columns`, which stand in the order of the parameters.
    func insert(row: Int, of columns: [Column]) throws { try insert(row, columns, from: 0) }

    private func bind(_ parameters: [Value], from first: Int, _ body: () throws -> Void) throws {
        for index in first..<slots.count {
            let place = Int32(truncatingIfNeeded: index + 1)
            switch parameters[slots[index]] {
            case .null: try check(unsafe sqlite3_bind_null(handle, place))
            case .integer(let value): try check(unsafe sqlite3_bind_int64(handle, place, value))
            case .real(let value): try bind(value, place)
            case .text(let text):
                return try with(text, place) { try bind(parameters, from: index + 1, body) }
            case .bytes(let bytes):
                return try with(bytes, place) { try bind(parameters, from: index + 1, body) }
            case .integers(let list):
                return try with(JSONList.text(list), place) { try bind(parameters, from: index + 1, body) }
            case .texts(let list):
                return try with(JSONList.text(list), place) { try bind(parameters, from: index + 1, body) }
            }
        }
        try body()
    }

    private func insert(_ row: Int, _ columns: [Column], from first: Int) throws {
        for index in first..<columns.count {
            let place = Int32(truncatingIfNeeded: index + 1)
            switch columns[index].values {
            case .integers(let values):
                if let value = values[row] {
                    try check(unsafe sqlite3_bind_int64(handle, place, value))
                    continue
                }
            case .reals(let values):
                if let value = values[row] {
                    try bind(value, place)
                    continue
                }
            case .texts(let values):
                if let text = values[row] {
                    return try with(text, place) { try insert(row, columns, from: index + 1) }
                }
            case .bytes(let values):
                if let bytes = values[row] {
                    return try with(bytes, place) { try insert(row, columns, from: index + 1) }
                }
            }
            try check(unsafe sqlite3_bind_null(handle, place))
        }
        defer { reset() }
        try run()
    }

    private func bind(_ value: Double, _ place: Int32) throws(StoreError) {
        // SQLite would store NULL.
        guard !value.isNaN else { throw StoreError(.misuse, "a parameter is not a number") }
        try check(unsafe sqlite3_bind_double(handle, place, value))
    }

    @inline(__always)
    private func with(_ text: String, _ place: Int32, _ body: () throws -> Void) throws {
        var text = text
        try text.withUTF8 { buffer in
            guard let start = buffer.baseAddress, buffer.count > 0 else {
                try check(unsafe hg_sqlite_bind_empty_text(handle, place))
                return try body()
            }
            // PostgreSQL cannot store it, and what one database takes the other has to take as well.
            guard unsafe memchr(start, 0, buffer.count) == nil else {
                throw StoreError(.misuse, "a text holds U+0000")
            }
            let characters = unsafe UnsafeRawPointer(start).assumingMemoryBound(to: CChar.self)
            try check(
                unsafe sqlite3_bind_text64(
                    handle, place, characters, UInt64(buffer.count), nil, UInt8(SQLITE_UTF8)))
            try body()
        }
    }

    @inline(__always)
    private func with(_ bytes: Bytes, _ place: Int32, _ body: () throws -> Void) throws {
        try unsafe bytes.withUnsafeBytes { buffer in
            if let start = buffer.baseAddress, buffer.count > 0 {
                try check(unsafe sqlite3_bind_blob64(handle, place, start, UInt64(buffer.count), nil))
            } else {
                // An empty buffer may have no address, which SQLite would take for NULL.
                try check(unsafe sqlite3_bind_zeroblob(handle, place, 0))
            }
            try body()
        }
    }
}
