public import Base

/// The head of an HTTP/1 request.
public struct HTTP1Head: Sendable {
    /// How the body's length is told.
    public enum Framing: Sendable, Hashable {
        case none
        case length(UInt64)
        case chunked
    }

    /// The method.
    public var method: HTTPMethod
    /// The request target as it came.
    public var target: Bytes
    /// The header fields.
    public var fields: HeaderFields
    /// 0 for HTTP/1.0, 1 for HTTP/1.1.
    public var minorVersion: UInt8
    /// How the body's length is told.
    public var framing: Framing
    /// Whether the connection may serve another request after this one.
    public var keepAlive: Bool
    /// Whether `Upgrade` and `Connection: upgrade` were both there.
    public var wantsUpgrade: Bool
}

/// Why a request could not be parsed.
public enum HTTP1Failure: Error, Sendable, Hashable {
    /// Not HTTP/1, or not strictly.
    case malformed(String)
    case targetTooLong
    case headersTooLarge
    case tooManyFields
    case versionNotSupported
    case transferEncodingNotSupported
    /// `Host` is missing or there more than once.
    case hostMissing
}

/// What a request's head may hold.
public struct HTTP1Limits: Sendable, Hashable {
    /// Bytes of the target.
    public var targetMax = 8192
    /// Bytes of all names and values together, trailers and chunk extensions included.
    public var headerBytesMax = 32 * 1024
    /// Number of fields.
    public var fieldsMax = 128

    /// The limits that suit a public server.
    public init() {}

    /// What all lines may take together, with what stands between names and values.
    var lineBytesMax: Int { targetMax + headerBytesMax + 4 * fieldsMax + 1024 }
}
