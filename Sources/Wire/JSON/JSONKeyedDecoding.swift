/// Decodes the members of an object.
struct JSONKeyedDecoding<Key: CodingKey>: KeyedDecodingContainerProtocol {
    // One reference and nothing else: the standard library copies containers often.
    private let scope: JSONObjectScope

    init(_ decoding: JSONDecoding) { scope = JSONObjectScope(decoding) }

    private var decoding: JSONDecoding { scope.decoding }

    var codingPath: [any CodingKey] { decoding.codingPath }

    var allKeys: [Key] {
        var seen: Set<String> = []
        return decoding.view.members.compactMap {
            seen.insert($0.name).inserted ? Key(stringValue: $0.name) : nil
        }
    }

    func contains(_ key: Key) -> Bool { scope.find(key.stringValue) != nil }

    func decodeNil(forKey key: Key) throws -> Bool { try member(key).isNull }
    // For the most frequent types a path is made for errors alone.
    func decode(_ type: Bool.Type, forKey key: Key) throws -> Bool {
        try member(key).bool ?? child(key).decode(type)
    }
    func decode(_ type: String.Type, forKey key: Key) throws -> String {
        try member(key).string ?? child(key).decode(type)
    }
    func decode(_ type: Double.Type, forKey key: Key) throws -> Double {
        try member(key).double ?? child(key).decode(type)
    }
    func decode(_ type: Float.Type, forKey key: Key) throws -> Float { try child(key).decode(type) }
    func decode(_ type: Int.Type, forKey key: Key) throws -> Int {
        try member(key).int ?? child(key).decode(type)
    }
    func decode(_ type: Int8.Type, forKey key: Key) throws -> Int8 { try child(key).decode(type) }
    func decode(_ type: Int16.Type, forKey key: Key) throws -> Int16 { try child(key).decode(type) }
    func decode(_ type: Int32.Type, forKey key: Key) throws -> Int32 { try child(key).decode(type) }
    func decode(_ type: Int64.Type, forKey key: Key) throws -> Int64 {
        try member(key).int64 ?? child(key).decode(type)
    }
    func decode(_ type: UInt.Type, forKey key: Key) throws -> UInt { try child(key).decode(type) }
    func decode(_ type: UInt8.Type, forKey key: Key) throws -> UInt8 { try child(key).decode(type) }
    func decode(_ type: UInt16.Type, forKey key: Key) throws -> UInt16 { try child(key).decode(type) }
    func decode(_ type: UInt32.Type, forKey key: Key) throws -> UInt32 { try child(key).decode(type) }
    func decode(_ type: UInt64.Type, forKey key: Key) throws -> UInt64 { try child(key).decode(type) }
    func decode<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T { try child(key).unwrap(type) }

    // The standard library's own forms of these look each member up three times.
    func decodeIfPresent(_ type: Bool.Type, forKey key: Key) throws -> Bool? {
        try optional(key) { try $0.bool ?? child(key).decode(type) }
    }

    func decodeIfPresent(_ type: String.Type, forKey key: Key) throws -> String? {
        try optional(key) { try $0.string ?? child(key).decode(type) }
    }

    func decodeIfPresent(_ type: Double.Type, forKey key: Key) throws -> Double? {
        try optional(key) { try $0.double ?? child(key).decode(type) }
    }

    func decodeIfPresent(_ type: Int.Type, forKey key: Key) throws -> Int? {
        try optional(key) { try $0.int ?? child(key).decode(type) }
    }

    func decodeIfPresent(_ type: Int64.Type, forKey key: Key) throws -> Int64? {
        try optional(key) { try $0.int64 ?? child(key).decode(type) }
    }

    func decodeIfPresent<T: Decodable>(_ type: T.Type, forKey key: Key) throws -> T? {
        try optional(key) {
            try JSONDecoding($0, at: JSONPath(decoding.path, key), decoding.context).unwrap(type)
        }
    }

    func nestedContainer<Nested: CodingKey>(
        keyedBy type: Nested.Type, forKey key: Key
    ) throws -> KeyedDecodingContainer<Nested> {
        try child(key).container(keyedBy: type)
    }

    func nestedUnkeyedContainer(forKey key: Key) throws -> any UnkeyedDecodingContainer {
        try child(key).unkeyedContainer()
    }

    func superDecoder() throws -> any Decoder { try child(JSONName("super")) }
    func superDecoder(forKey key: Key) throws -> any Decoder { try child(key) }

    private func optional<T>(_ key: Key, _ read: (JSONView) throws -> T) throws -> T? {
        guard let found = scope.find(key.stringValue), !found.isNull else { return nil }
        return try read(found)
    }

    private func member(_ key: any CodingKey) throws -> JSONView {
        guard let found = scope.find(key.stringValue) else {
            throw decoding.context.error(.missing, "is required", at: decoding.view, decoding.path, key)
        }
        return found
    }

    private func child(_ key: any CodingKey) throws -> JSONDecoding {
        JSONDecoding(try member(key), at: JSONPath(decoding.path, key), decoding.context)
    }
}
