internal import Base
internal import CPostgres
internal import Store

/// The current row of a result, read where libpq holds it.
@safe final class ResultRow: RowCells {
    /// Set while a row is lent; the row is the first and only one of it.
    private var result: OpaquePointer?
    private var types: [UInt32] = []

    init() {}

    /// Lends a result's only row.
    func show(_ result: OpaquePointer, isFirst: Bool) {
        unsafe self.result = result
        guard isFirst else { return }
        types.removeAll(keepingCapacity: true)
        for column in 0..<(unsafe PQnfields(result)) { unsafe types.append(PQftype(result, column)) }
    }

    /// Ends the loan.
    func hide() { unsafe result = nil }

    var columnCount: Int { types.count }

    func isNull(_ column: Int) -> Bool {
        guard let result = unsafe result, types.indices.contains(column) else { return true }
        return unsafe PQgetisnull(result, 0, Int32(column)) != 0
    }

    func integer(_ column: Int) throws(StoreError) -> Int64 {
        let (type, cell) = try unsafe cell(column)
        switch type {
        case .int8 where cell.count == 8: return unsafe Int64(bigEndian: cell.loadUnaligned(as: Int64.self))
        case .int4 where cell.count == 4:
            return unsafe Int64(Int32(bigEndian: cell.loadUnaligned(as: Int32.self)))
        case .int2 where cell.count == 2:
            return unsafe Int64(Int16(bigEndian: cell.loadUnaligned(as: Int16.self)))
        case .oid where cell.count == 4:
            return unsafe Int64(UInt32(bigEndian: cell.loadUnaligned(as: UInt32.self)))
        case .bool where cell.count == 1: return unsafe cell[0] == 0 ? 0 : 1
        default: throw mismatch("a whole number", column, type)
        }
    }

    func real(_ column: Int) throws(StoreError) -> Double {
        let (type, cell) = try unsafe cell(column)
        switch type {
        case .float8 where cell.count == 8:
            return unsafe Double(bitPattern: UInt64(bigEndian: cell.loadUnaligned(as: UInt64.self)))
        case .float4 where cell.count == 4:
            return unsafe Double(Float(bitPattern: UInt32(bigEndian: cell.loadUnaligned(as: UInt32.self))))
        case .int8, .int4, .int2: return Double(try integer(column))
        default: throw mismatch("a number", column, type)
        }
    }

    func text(_ column: Int) throws(StoreError) -> String {
        let (type, cell) = try unsafe cell(column)
        guard type.isText else { throw mismatch("a text", column, type) }
        return unsafe String(decoding: cell, as: UTF8.self)
    }

    func bytes(_ column: Int) throws(StoreError) -> Bytes {
        let (type, cell) = try unsafe cell(column)
        guard type == .bytea || type.isText else { throw mismatch("bytes", column, type) }
        return unsafe Bytes(copying: cell.bytes)
    }

    func value(_ column: Int) throws(StoreError) -> Value {
        guard types.indices.contains(column), !isNull(column) else {
            guard types.indices.contains(column) else { throw missing(column) }
            return .null
        }
        switch try unsafe cell(column).type {
        case .int8, .int4, .int2, .oid, .bool: return .integer(try integer(column))
        case .float8, .float4: return .real(try real(column))
        case .bytea: return .bytes(try bytes(column))
        case .name, .text, .bpchar, .varchar: return .text(try text(column))
        case let type: throw mismatch("a value", column, type)
        }
    }

    /// The bytes of a column; they live as long as the row is lent.
    private func cell(_ column: Int) throws(StoreError) -> (type: PostgresType, UnsafeRawBufferPointer) {
        guard let result = unsafe result, types.indices.contains(column) else { throw missing(column) }
        guard let type = PostgresType(rawValue: types[column]) else {
            throw StoreError(
                .misuse, "column \(column) has a type that is not supported (oid \(types[column])); cast it")
        }
        let index = Int32(column)
        guard unsafe PQgetisnull(result, 0, index) == 0 else {
            throw StoreError(.misuse, "column \(column) is null")
        }
        let start = unsafe PQgetvalue(result, 0, index)
        return unsafe (type, UnsafeRawBufferPointer(start: start, count: Int(PQgetlength(result, 0, index))))
    }

    private func missing(_ column: Int) -> StoreError {
        StoreError(.misuse, "there is no column \(column); the row has \(types.count)")
    }

    private func mismatch(_ wanted: String, _ column: Int, _ type: PostgresType) -> StoreError {
        StoreError(.misuse, "column \(column) is of type \(type), not \(wanted)")
    }
}
