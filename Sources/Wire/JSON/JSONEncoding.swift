/// Encodes one Swift value at one place of the text.
struct JSONEncoding: Encoder {
    private let state: JSONEncodingState
    /// The containers around the value, and the length of the text before it.
    private let depth: Int
    private let start: Int
    private let path: JSONPath?

    init(_ state: JSONEncodingState, depth: Int, start: Int, at path: JSONPath?) {
        self.state = state
        self.depth = depth
        self.start = start
        self.path = path
    }

    var codingPath: [any CodingKey] { JSONPath.keys(path) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) -> KeyedEncodingContainer<Key> {
        let serial = state.begin(isObject: true, depth: depth, path: path)
        return KeyedEncodingContainer(JSONKeyedEncoding<Key>(state, serial, depth: depth + 1, at: path))
    }

    func unkeyedContainer() -> any UnkeyedEncodingContainer {
        let serial = state.begin(isObject: false, depth: depth, path: path)
        return JSONUnkeyedEncoding(state, serial, depth: depth + 1, at: path)
    }

    func singleValueContainer() -> any SingleValueEncodingContainer { self }

    /// Checks that the place still waits for its value.
    private func claim() throws {
        if let failure = state.failure { throw failure }
        guard state.depth == depth, state.writer.bytes.count == start else {
            throw JSONError(.invalidValue, "is encoded as two things at once", path: state.describe(path))
        }
    }
}

extension JSONEncoding: SingleValueEncodingContainer {
    func encodeNil() throws {
        try claim()
        state.writer.null()
    }

    func encode(_ value: Bool) throws {
        try claim()
        state.writer.value(value)
    }

    func encode(_ value: String) throws {
        try claim()
        state.writer.value(value)
    }

    func encode(_ value: Double) throws {
        try claim()
        guard value.isFinite else { throw nonFinite() }
        state.writer.value(value)
    }

    func encode(_ value: Float) throws {
        try claim()
        guard value.isFinite else { throw nonFinite() }
        state.writer.value(value)
    }

    func encode(_ value: Int) throws { try signed(Int64(value)) }
    func encode(_ value: Int8) throws { try signed(Int64(value)) }
    func encode(_ value: Int16) throws { try signed(Int64(value)) }
    func encode(_ value: Int32) throws { try signed(Int64(value)) }
    func encode(_ value: Int64) throws { try signed(value) }
    func encode(_ value: UInt) throws { try unsigned(UInt64(value)) }
    func encode(_ value: UInt8) throws { try unsigned(UInt64(value)) }
    func encode(_ value: UInt16) throws { try unsigned(UInt64(value)) }
    func encode(_ value: UInt32) throws { try unsigned(UInt64(value)) }
    func encode(_ value: UInt64) throws { try unsigned(value) }

    func encode<T: Encodable>(_ value: T) throws {
        try claim()
        try state.write(value, at: path)
    }

    private func signed(_ value: Int64) throws {
        try claim()
        state.writer.value(value)
    }

    private func unsigned(_ value: UInt64) throws {
        try claim()
        state.writer.value(value)
    }

    private func nonFinite() -> JSONError {
        JSONError(.nonFiniteNumber, "is no number that JSON can say", path: state.describe(path))
    }
}
