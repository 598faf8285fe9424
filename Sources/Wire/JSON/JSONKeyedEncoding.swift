/// Encodes the members of an object.
struct JSONKeyedEncoding<Key: CodingKey>: KeyedEncodingContainerProtocol {
    private let state: JSONEncodingState
    private let serial: Int
    private let depth: Int
    private let path: JSONPath?

    init(_ state: JSONEncodingState, _ serial: Int, depth: Int, at path: JSONPath?) {
        self.state = state
        self.serial = serial
        self.depth = depth
        self.path = path
    }

    var codingPath: [any CodingKey] { JSONPath.keys(path) }

    func encodeNil(forKey key: Key) throws {
        try begin(key)
        state.writer.null()
    }

    func encode(_ value: Bool, forKey key: Key) throws {
        try begin(key)
        state.writer.value(value)
    }

    func encode(_ value: String, forKey key: Key) throws {
        try begin(key)
        state.writer.value(value)
    }

    func encode(_ value: Int, forKey key: Key) throws {
        try begin(key)
        state.writer.value(value)
    }

    func encode(_ value: Int64, forKey key: Key) throws {
        try begin(key)
        state.writer.value(value)
    }

    func encode<T: Encodable>(_ value: T, forKey key: Key) throws {
        try begin(key)
        try state.write(value, at: JSONPath(path, key))
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) -> KeyedEncodingContainer<Nested> {
        slot(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) -> any UnkeyedEncodingContainer {
        slot(key).unkeyedContainer()
    }
    func superEncoder() -> any Encoder { slot(JSONName("super")) }
    func superEncoder(forKey key: Key) -> any Encoder { slot(key) }

    private func begin(_ key: any CodingKey) throws {
        if state.resume(serial, depth: depth, path: path) { return state.writer.key(key.stringValue) }
        if let failure = state.failure { throw failure }
    }

    /// A place for a value that the caller writes; failures come out at the end of the encoding.
    private func slot(_ key: any CodingKey) -> JSONEncoding {
        if state.resume(serial, depth: depth, path: path) { state.writer.key(key.stringValue) }
        return JSONEncoding(state, depth: depth, start: state.writer.bytes.count, at: JSONPath(path, key))
    }
}
