/// Why a WebSocket ends, as its close frame says (RFC 6455, 7.4).
public struct WebSocketCloseCode: RawRepresentable, Sendable, Hashable {
    /// The number on the wire.
    public let rawValue: UInt16

    /// Any number; `isValid` tells whether it may be on the wire.
    public init(rawValue: UInt16) { self.rawValue = rawValue }

    /// The purpose is fulfilled.
    public static let normal = Self(rawValue: 1000)
    /// The server goes down or the page is left.
    public static let goingAway = Self(rawValue: 1001)
    /// A frame broke the protocol.
    public static let protocolError = Self(rawValue: 1002)
    /// A kind of message that is not understood here.
    public static let unsupported = Self(rawValue: 1003)
    /// Text that is not UTF-8, or compressed data that is none.
    public static let invalidData = Self(rawValue: 1007)
    /// Not allowed, for a reason without a number.
    public static let policyViolation = Self(rawValue: 1008)
    /// A message over the size limit.
    public static let tooLarge = Self(rawValue: 1009)
    /// The server could not fulfil a request.
    public static let internalError = Self(rawValue: 1011)
    /// The server restarts; come back.
    public static let restart = Self(rawValue: 1012)
    /// The server is overloaded; come back later.
    public static let tryAgainLater = Self(rawValue: 1013)

    /// Whether the code may stand in a close frame: registered ones, and 3000 to 4999.
    public var isValid: Bool {
        switch rawValue {
        case 1000...1003, 1007...1014, 3000...4999: true
        default: false
        }
    }
}
