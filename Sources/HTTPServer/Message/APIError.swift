public import Wire

/// An error that the client is told about: a stable code, words for people, and details for programs.
public struct APIError: Error, Sendable {
    /// The stable code.
    public let code: ErrorCode
    /// What is wrong, in words for people.
    public let message: String
    /// What programs need to know, in `details`.
    public var details: JSONFields
    /// Fields that the answer carries, such as `allow` and `retry-after`.
    public var fields: HeaderFields

    /// An error; without a message it says what its code says.
    public init(
        _ code: ErrorCode, _ message: String? = nil, details: JSONFields = [:],
        fields: HeaderFields = HeaderFields()
    ) {
        self.code = code
        self.message = message ?? code.title
        self.details = details
        self.fields = fields
    }

    static func payloadTooLarge(_ max: Int) -> APIError {
        APIError(
            .payloadTooLarge, "The body has more than \(max) bytes", details: ["limit": .integer(Int64(max))])
    }
}

extension APIError {
    /// What a client is told about a body that is no JSON, or not the JSON that was asked for.
    public init(_ error: JSONError) {
        var details: JSONFields = [:]
        if let offset = error.offset { details["offset"] = .integer(Int64(offset)) }
        if let path = error.path { details["path"] = .string(path) }
        self.init(error.isMalformed ? .malformedJSON : .validationFailed, error.message, details: details)
    }
}
