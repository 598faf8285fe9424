/// Decodes Swift values from a view of a parsed document.
struct JSONDecoding: Decoder {
    let view: JSONView
    let path: JSONPath?
    let context: JSONDecodingContext

    init(_ view: JSONView, at path: JSONPath?, _ context: JSONDecodingContext) {
        self.view = view
        self.path = path
        self.context = context
    }

    var codingPath: [any CodingKey] { JSONPath.keys(path) }
    var userInfo: [CodingUserInfoKey: Any] { [:] }

    func container<Key: CodingKey>(keyedBy type: Key.Type) throws -> KeyedDecodingContainer<Key> {
        guard view.kind == .object else { throw mismatch("an object") }
        return KeyedDecodingContainer(JSONKeyedDecoding<Key>(self))
    }

    func unkeyedContainer() throws -> any UnkeyedDecodingContainer {
        guard view.kind == .array else { throw mismatch("an array") }
        return JSONUnkeyedDecoding(self)
    }

    func singleValueContainer() throws -> any SingleValueDecodingContainer { self }

    /// Decodes the view as a type; the most frequent ones without a detour through their own decoding.
    func unwrap<T: Decodable>(_ type: T.Type) throws -> T {
        if type == String.self, let value = try decode(String.self) as? T { return value }
        if type == Int.self, let value = try decode(Int.self) as? T { return value }
        if type == Int64.self, let value = try decode(Int64.self) as? T { return value }
        if type == JSONValue.self, let value = JSONValue(view) as? T { return value }
        do {
            return try T(from: self)
        } catch let error as DecodingError {
            throw context.translate(error).placed(at: view)
        }
    }

    func mismatch(_ expected: String) -> JSONError {
        context.error(.typeMismatch, "expected \(expected)", at: view, path)
    }
}

extension JSONDecoding: SingleValueDecodingContainer {
    func decodeNil() -> Bool { view.isNull }

    func decode(_ type: Bool.Type) throws -> Bool {
        guard let value = view.bool else { throw mismatch("true or false") }
        return value
    }

    func decode(_ type: String.Type) throws -> String {
        guard let value = view.string else { throw mismatch("a string") }
        return value
    }

    func decode(_ type: Double.Type) throws -> Double {
        guard let value = view.double else { throw mismatch("a number") }
        return value
    }

    func decode(_ type: Float.Type) throws -> Float {
        guard let value = view.double else { throw mismatch("a number") }
        let narrow = Float(value)
        guard narrow.isFinite else { throw mismatch("a number of single precision") }
        return narrow
    }

    func decode(_ type: Int.Type) throws -> Int { try integer(type) }
    func decode(_ type: Int8.Type) throws -> Int8 { try integer(type) }
    func decode(_ type: Int16.Type) throws -> Int16 { try integer(type) }
    func decode(_ type: Int32.Type) throws -> Int32 { try integer(type) }
    func decode(_ type: Int64.Type) throws -> Int64 { try integer(type) }
    func decode(_ type: UInt.Type) throws -> UInt { try integer(type) }
    func decode(_ type: UInt8.Type) throws -> UInt8 { try integer(type) }
    func decode(_ type: UInt16.Type) throws -> UInt16 { try integer(type) }
    func decode(_ type: UInt32.Type) throws -> UInt32 { try integer(type) }
    func decode(_ type: UInt64.Type) throws -> UInt64 { try integer(type) }

    func decode<T: Decodable>(_ type: T.Type) throws -> T { try unwrap(type) }

    private func integer<T: FixedWidthInteger>(_ type: T.Type) throws -> T {
        if let value = view.integer(as: type) { return value }
        switch view.kind {
        case .integer: throw mismatch("an integer from \(T.min) to \(T.max)")
        default: throw mismatch("an integer")
        }
    }
}

extension JSONError {
    /// The same error, at the place of the value that it is about.
    func placed(at view: JSONView) -> JSONError {
        JSONError(code, message, offset: offset ?? view.sourceRange.lowerBound, path: path)
    }
}
