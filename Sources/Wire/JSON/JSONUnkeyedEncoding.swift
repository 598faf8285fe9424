/// Encodes the elements of an array.
struct JSONUnkeyedEncoding: UnkeyedEncodingContainer {
    private let state: JSONEncodingState
    private let serial: Int
    private let depth: Int
    private let path: JSONPath?
    private(set) var count = 0

    init(_ state: JSONEncodingState, _ serial: Int, depth: Int, at path: JSONPath?) {
        self.state = state
        self.serial = serial
        self.depth = depth
        self.path = path
    }

    var codingPath: [any CodingKey] { JSONPath.keys(path) }

    mutating func encodeNil() throws {
        try begin()
        state.writer.null()
    }

    mutating func encode<T: Encodable>(_ value: T) throws {
        let step = JSONPath(path, JSONIndex(count))
        try begin()
        try state.write(value, at: step)
    }

    mutating func nestedContainer<Nested: CodingKey>(keyedBy type: Nested.Type) -> KeyedEncodingContainer<
        Nested
    > {
        slot().container(keyedBy: type)
    }

    mutating func nestedUnkeyedContainer() -> any UnkeyedEncodingContainer { slot().unkeyedContainer() }
    mutating func superEncoder() -> any Encoder { slot() }

    private mutating func begin() throws {
        if !state.resume(serial, depth: depth, path: path), let failure = state.failure { throw failure }
        count += 1
    }

    private mutating func slot() -> JSONEncoding {
        _ = state.resume(serial, depth: depth, path: path)
        defer { count += 1 }
        return JSONEncoding(
            state, depth: depth, start: state.writer.bytes.count, at: JSONPath(path, JSONIndex(count)))
    }
}
