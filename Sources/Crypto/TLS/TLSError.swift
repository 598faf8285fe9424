/// Why a TLS setting, certificate, handshake or connection failed.
public struct TLSError: Error, Equatable, Sendable, CustomStringConvertible {
    /// What a caller can tell apart.
    public enum Code: String, Sendable {
        /// A file could not be read.
        case unreadable
        /// A certificate, key or list of authorities could not be understood.
        case malformed
        /// A private key does not belong to its certificate.
        case keyMismatch
        /// A setting makes no sense or OpenSSL refused it.
        case configuration
        /// The peer's certificate is not trusted or names someone else.
        case untrusted
        /// The peer had to show a certificate and showed none.
        case certificateRequired
        /// The peer refused us with an alert.
        case alert
        /// The peer speaks HTTP without TLS.
        case plainHTTP
        /// The peer broke the protocol, or offered nothing that is accepted here.
        case protocolViolation
        /// The transport ended without `close_notify` before the handshake was done.
        case truncated
        /// The engine cannot do that in its present state.
        case state
    }

    /// What a caller tells apart.
    public let code: Code
    /// What happened, for the log; it holds no secret.
    public let message: String

    init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the message.
    public var description: String { "TLS \(code.rawValue): \(message)" }
}
