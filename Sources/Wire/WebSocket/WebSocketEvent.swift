public import Base

/// What a WebSocket's peer did.
public enum WebSocketEvent: Sendable, Equatable {
    /// A whole text message, valid UTF-8.
    case text(Bytes)
    /// A whole binary message.
    case binary(Bytes)
    /// A ping; its pong is already in the output.
    case ping(Bytes)
    /// A pong, asked for or not.
    case pong(Bytes)
    /// The close handshake is complete (the echo is in the output): write the output, then close the transport.
    case closed(WebSocketCloseCode?, reason: String)
    /// The peer broke the rules (a close frame is in the output): write the output, then close the transport.
    case failed(WebSocketFailure)
}

/// How a peer broke the rules.
public struct WebSocketFailure: Error, Sendable, Equatable {
    /// What our close frame says.
    public let code: WebSocketCloseCode
    /// The same in words; also in the close frame.
    public let reason: String

    /// Makes a failure.
    public init(code: WebSocketCloseCode, reason: String) {
        self.code = code
        self.reason = reason
    }
}
