import Base
import Crypto
import Reactor
import Wire

/// How a WebSocket is run.
public struct WebSocketSettings: Sendable {
    /// Bytes of one message that the client sends.
    public var messageBytesMax = 1 << 20
    /// Messages that may wait for the handler before nothing more is read.
    public var inboxMax = 64
    /// Queued bytes from which on `offer` refuses.
    public var outboxBytesMax = 4 << 20
    /// After so long a silence the client is pinged; after as long again without an answer it counts as gone.
    public var pingInterval = Duration.seconds(25)
    /// How long the client may take to answer a close.
    public var closeTimeout = Duration.seconds(5)
    /// Whether messages may be compressed.
    public var allowsCompression = true
    /// The subprotocols that we speak.
    public var protocols: [String] = []

    /// The settings that suit a public server.
    public init() {}
}

/// Serves a WebSocket until it returns; the socket is closed behind it.
public typealias WebSocketHandler = @Sendable (WebSocketConnection) async throws -> Void

/// An agreed change of protocols: what the client and we speak from here on.
public struct WebSocketUpgrade: Sendable {
    let agreement: WebSocketAgreement
    let settings: WebSocketSettings
    let handler: WebSocketHandler

    func connection(over transport: any WebSocketTransport) -> WebSocketConnection {
        WebSocketConnection(transport, agreement, settings)
    }
}

extension Request {
    /// Answers a WebSocket handshake; throws the error that tells the client what is wrong with it.
    public func webSocket(
        _ settings: WebSocketSettings = WebSocketSettings(), _ handler: @escaping WebSocketHandler
    ) throws(APIError) -> Response {
        let isHTTP2 = upgradeProtocol == "websocket"
        let agreement: WebSocketAgreement
        do throws(WebSocketRefusal) {
            agreement = try WebSocketHandshake.check(
                fields, isHTTP2: isHTTP2, protocols: settings.protocols,
                compression: settings.allowsCompression)
        } catch {
            throw APIError(
                error.status == 426 ? .upgradeRequired : .badRequest, error.reason, fields: error.fields)
        }
        let accept = agreement.key.map { WebSocketHandshake.acceptKey(for: $0) { SHA1.hash($0) } }
        return Response(
            status: isHTTP2 ? .ok : .switchingProtocols,
            fields: WebSocketHandshake.answer(agreement, accept: accept),
            body: .webSocket(WebSocketUpgrade(agreement: agreement, settings: settings, handler: handler)))
    }
}
