public import Base

/// Reading and writing JSON in one call each.
///
/// On hot paths keep a `JSONParser` and read its documents, and write with a `JSONWriter`.
public enum JSON {
    /// How the names of properties are found in an object.
    public enum KeyMatching: Sendable {
        /// As they are.
        case exact
        /// As they are, or else in the other of camelCase and snake_case: `chatId`, `chat_id`.
        case eitherCase
    }

    /// What decoding allows, and how it speaks of what it decodes.
    public struct DecodingOptions: Sendable {
        /// What the input may be at most.
        public var limits: JSONLimits
        /// How the names of properties are found.
        public var keys: KeyMatching
        /// What paths in errors begin with: `body` makes `body.items[3].chatId`.
        public var root: String

        /// Options for decoding; requests of clients use `.request`.
        public init(limits: JSONLimits = JSONLimits(), keys: KeyMatching = .exact, root: String = "") {
            self.limits = limits
            self.keys = keys
            self.root = root
        }

        /// Options for the body of a request: names in either case, paths from `body`.
        public static let request = DecodingOptions(keys: .eitherCase, root: "body")
    }

    /// Parses one JSON text with a parser of its own.
    public static func parse(_ bytes: Bytes, limits: JSONLimits = JSONLimits()) throws(JSONError)
        -> JSONDocument
    {
        try JSONParser(limits: limits).parse(bytes)
    }

    /// Decodes a value from one JSON text.
    public static func decode<T: Decodable>(
        _ type: T.Type, from bytes: Bytes, options: DecodingOptions = DecodingOptions()
    ) throws(JSONError) -> T {
        try decode(type, from: parse(bytes, limits: options.limits).root, options: options)
    }

    /// Decodes a value from a part of a parsed document.
    public static func decode<T: Decodable>(
        _ type: T.Type, from view: JSONView, options: DecodingOptions = DecodingOptions()
    ) throws(JSONError) -> T {
        let context = JSONDecodingContext(options)
        do {
            return try JSONDecoding(view, at: nil, context).unwrap(type)
        } catch let error as JSONError {
            throw error
        } catch let error as DecodingError {
            throw context.translate(error)
        } catch {
            throw JSONError(.invalidValue, "\(error)", path: options.root)
        }
    }

    /// Encodes a value as one JSON text; NaN and the infinities are refused.
    public static func encode<T: Encodable>(_ value: T) throws(JSONError) -> Bytes {
        var writer = JSONWriter()
        try encode(value, into: &writer)
        return writer.finish()
    }

    /// Encodes a value as the next value of a writer, which is of no further use if that fails.
    public static func encode<T: Encodable>(_ value: T, into writer: inout JSONWriter) throws(JSONError) {
        let state = JSONEncodingState(writer)
        // The state holds the only copy of the bytes while it writes.
        writer = JSONWriter()
        defer { writer = state.writer }
        do {
            try state.write(value, at: nil)
        } catch let error as JSONError {
            throw error
        } catch {
            throw JSONError(.invalidValue, "\(error)")
        }
        if let failure = state.failure { throw failure }
    }
}
