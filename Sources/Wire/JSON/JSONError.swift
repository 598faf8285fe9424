/// Why JSON could not be read, decoded or encoded.
public struct JSONError: Error, Sendable, Equatable {
    /// The kinds of failure, for callers that branch.
    public enum Code: String, Sendable, CaseIterable {
        /// The bytes are not JSON.
        case syntax
        /// The bytes are not UTF-8.
        case invalidUTF8
        /// A number that neither 64 bits nor a double can hold.
        case numberOutOfRange
        /// Containers within containers, more than the limit.
        case tooDeep
        /// More bytes than the limit.
        case tooLarge
        /// No memory for the document.
        case outOfMemory
        /// A value of another type than the one asked for.
        case typeMismatch
        /// A property that is required and not there.
        case missing
        /// A value of the right type that is not acceptable.
        case invalidValue
        /// NaN or an infinity, which JSON cannot say.
        case nonFiniteNumber
    }

    /// The kind of failure.
    public let code: Code
    /// What is wrong, in words that a client may see.
    public let message: String
    /// The place in the input, in bytes from its start, where it is known.
    public let offset: Int?
    /// The value that is wrong (`body.items[3].chatId`), for failures of decoding and encoding.
    public let path: String?

    /// A failure of JSON.
    public init(_ code: Code, _ message: String, offset: Int? = nil, path: String? = nil) {
        self.code = code
        self.message = message
        self.offset = offset
        self.path = path
    }

    /// Whether the input is no JSON at all, as opposed to JSON of a shape that was not expected.
    public var isMalformed: Bool {
        switch code {
        case .syntax, .invalidUTF8, .numberOutOfRange, .tooDeep: true
        case .tooLarge, .outOfMemory, .typeMismatch, .missing, .invalidValue, .nonFiniteNumber: false
        }
    }
}

extension JSONError: CustomStringConvertible {
    /// `body.items[3].chatId: expected an integer`, or `expected ':' at byte 17`.
    public var description: String {
        if let path, !path.isEmpty { return "\(path): \(message)" }
        if let offset { return "\(message) at byte \(offset)" }
        return message
    }
}
