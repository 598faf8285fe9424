internal import Base
internal import Store

extension ParameterBuffer {
    /// Adds a value in the form of the type that the server expects.
    func append(_ value: Value, as type: UInt32) throws(StoreError) {
        if case .null = value { return appendNull() }
        guard let known = PostgresType(rawValue: type) else {
            throw StoreError(
                .misuse, "parameter $\(count + 1) has a type that is not supported (oid \(type))")
        }
        begin()
        switch value {
        case .null: break
        case .integer(let number): try put(number, as: known)
        case .real(let number): try put(number, as: known)
        case .text(let text):
            guard known.isText else { throw mismatch("a text", known) }
            put(text)
        case .bytes(let bytes):
            guard known == .bytea else { throw mismatch("bytes", known) }
            unsafe bytes.withUnsafeBytes { unsafe put($0) }
        case .integers(let numbers): try put(numbers, as: known)
        case .texts(let texts):
            guard known == .textArray || known == .varcharArray else {
                throw mismatch("a list of texts", known)
            }
            putArrayHead(count: texts.count, hasNull: false, known == .textArray ? .text : .varchar)
            for text in texts {
                put(Int32(clamping: text.utf8.count))
                put(text)
            }
        }
        try end()
    }

    /// Adds a column of many rows as one array.
    func append(_ column: Column.Values, rows: Range<Int>) throws(StoreError) {
        begin()
        switch column {
        case .integers(let values):
            putArrayHead(count: rows.count, hasNull: true, .int8)
            for value in values[rows] {
                guard let value else { putNull(); continue }
                put(Int32(8))
                put(value)
            }
        case .reals(let values):
            putArrayHead(count: rows.count, hasNull: true, .float8)
            for value in values[rows] {
                guard let value else { putNull(); continue }
                put(Int32(8))
                put(value.bitPattern)
            }
        case .texts(let values):
            putArrayHead(count: rows.count, hasNull: true, .text)
            for value in values[rows] {
                guard let value else { putNull(); continue }
                put(Int32(clamping: value.utf8.count))
                put(value)
            }
        case .bytes(let values):
            putArrayHead(count: rows.count, hasNull: true, .bytea)
            for value in values[rows] {
                guard let value else { putNull(); continue }
                put(Int32(clamping: value.count))
                unsafe value.withUnsafeBytes { unsafe put($0) }
            }
        }
        try end()
    }

    private func put(_ number: Int64, as type: PostgresType) throws(StoreError) {
        switch type {
        case .int8: put(number)
        case .int4:
            guard let small = Int32(exactly: number) else { throw outOfRange(type) }
            put(small)
        case .int2:
            guard let small = Int16(exactly: number) else { throw outOfRange(type) }
            put(small)
        case .oid:
            guard let small = UInt32(exactly: number) else { throw outOfRange(type) }
            put(small)
        case .bool:
            guard number == 0 || number == 1 else { throw outOfRange(type) }
            put(UInt8(number))
        case .float8: put(Double(number).bitPattern)
        case .float4: put(Float(number).bitPattern)
        default: throw mismatch("an integer", type)
        }
    }

    private func put(_ number: Double, as type: PostgresType) throws(StoreError) {
        switch type {
        case .float8: put(number.bitPattern)
        case .float4: put(Float(number).bitPattern)
        default: throw mismatch("a real number", type)
        }
    }

    private func put(_ numbers: [Int64], as type: PostgresType) throws(StoreError) {
        switch type {
        case .int8Array:
            putArrayHead(count: numbers.count, hasNull: false, .int8)
            for number in numbers {
                put(Int32(8))
                put(number)
            }
        case .int4Array:
            putArrayHead(count: numbers.count, hasNull: false, .int4)
            for number in numbers {
                guard let small = Int32(exactly: number) else { throw outOfRange(type) }
                put(Int32(4))
                put(small)
            }
        default: throw mismatch("a list of integers", type)
        }
    }

    /// The head of an array of one dimension whose first index is 1.
    private func putArrayHead(count: Int, hasNull: Bool, _ element: PostgresType) {
        put(Int32(count == 0 ? 0 : 1))
        put(Int32(hasNull ? 1 : 0))
        put(element.rawValue)
        guard count > 0 else { return }
        put(Int32(clamping: count))
        put(Int32(1))
    }

    private func putNull() { put(Int32(-1)) }

    private func mismatch(_ given: String, _ type: PostgresType) -> StoreError {
        StoreError(.misuse, "parameter $\(count) is of type \(type), but is given \(given)")
    }

    private func outOfRange(_ type: PostgresType) -> StoreError {
        StoreError(.misuse, "parameter $\(count) is a number beyond type \(type)")
    }
}
