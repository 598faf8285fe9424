public import Base
public import Crypto
public import Reactor
public import Wire

/// The version of HTTP that a request came by.
public enum HTTPVersion: String, Sendable {
    case http10 = "HTTP/1.0"
    case http11 = "HTTP/1.1"
    case http2 = "HTTP/2"
}

/// What all requests of one connection share.
public final class ConnectionInfo: Sendable {
    /// The loop that the connection lives on; its index is the shard of metrics.
    public let loop: EventLoop
    /// Who is at the other end.
    public let peer: SocketAddress
    /// Whether the connection is encrypted.
    public let isSecure: Bool
    /// The certificate by which the client has shown who it is.
    public let clientCertificate: PeerCertificate?
    /// Tells when the server stops, for handlers that wait long.
    public let drain: DrainSignal
    /// Those who are believed, where the other end is one of them.
    let proxies: TrustedProxies?

    init(
        loop: EventLoop, peer: SocketAddress, tls: TLSEngine?, drain: DrainSignal,
        proxies: TrustedProxies = TrustedProxies()
    ) {
        self.loop = loop
        self.peer = peer
        self.drain = drain
        self.proxies = proxies.include(peer) ? proxies : nil
        isSecure = tls != nil
        clientCertificate = tls?.peerCertificate
    }
}

/// A request, whatever version of HTTP it came by.
public struct Request: Sendable {
    /// The method.
    public var method: HTTPMethod
    /// The path and query as they came.
    public var target: Bytes
    /// The header fields.
    public var fields: HeaderFields
    /// The version of HTTP that it came by.
    public var version: HTTPVersion
    /// The body, complete or still arriving.
    public var body: RequestBody
    /// The protocol that an extended CONNECT of HTTP/2 asks for.
    public var upgradeProtocol: Bytes?
    /// Named parts of the path; the router fills them in.
    public var parameters = PathParameters()
    /// The route that the router has chosen; nil while there is none.
    public internal(set) var route: Route?
    /// Who sent it, as middleware has found out.
    public var caller: (any AnyObject & Sendable)?
    var refusal: Refusal?
    /// Names this request in logs and in the answer's `x-request-id`.
    public let id: RequestID
    /// The connection that it came by.
    public let connection: ConnectionInfo
    /// When its head had arrived.
    public let began: MonotonicNanoseconds
    /// Where the path ends and the query begins.
    private let pathLength: Int

    /// Puts a request together.
    public init(
        method: HTTPMethod, target: Bytes, fields: HeaderFields, version: HTTPVersion, body: RequestBody,
        id: RequestID, connection: ConnectionInfo
    ) {
        self.method = method
        self.target = target
        self.fields = fields
        self.version = version
        self.body = body
        self.id = id
        self.connection = connection
        began = connection.loop.now
        pathLength = target.firstIndex(of: UInt8(ascii: "?")) ?? target.count
    }

    /// Who asks: the other end of the connection, or for whom that asks where it is a trusted proxy.
    public var client: SocketAddress {
        guard let proxies = connection.proxies else { return connection.peer }
        return proxies.client(behind: connection.peer, fields)
    }

    /// Whether it came encrypted, to us or to the trusted proxy that passed it on.
    public var isSecure: Bool {
        if connection.isSecure { return true }
        guard connection.proxies != nil else { return false }
        return fields.bytes("x-forwarded-proto")?.equalsIgnoringCase("https") ?? false
    }

    /// How long the request has been served so far, in whole milliseconds.
    public var elapsedMilliseconds: Int { Int((EventLoop.clock() &- began) / 1_000_000) }

    /// The path as it came, percent-encoded.
    public var path: Bytes { target.part(0, pathLength) }

    /// The path as logs may show it: whatever looks like a bot's token, also a mistyped one, is masked.
    package var shownPath: String {
        let text = path.repairedText
        guard text.hasPrefix("/bot") || text.hasPrefix("/file/bot") else { return text }
        return route?.pattern.text ?? "/bot\(Secret.mask)"
    }

    /// The query as it came, percent-encoded; empty when there is none.
    public var query: Bytes {
        pathLength < target.count ? target.part(pathLength + 1, target.count - pathLength - 1) : Bytes()
    }

    /// The value of the first query item of that name, decoded; nil when it is not there or is not valid.
    public func queryItem(_ name: String) -> String? {
        for item in query.split(separator: UInt8(ascii: "&")) {
            let parts = item.split(
                separator: UInt8(ascii: "="), maxSplits: 1, omittingEmptySubsequences: false)
            guard let first = parts.first, PercentEncoding.decode(first, plusIsSpace: true)?.text == name
            else { continue }
            return parts.count == 2 ? PercentEncoding.decode(parts[1], plusIsSpace: true)?.text : ""
        }
        return nil
    }

    /// Whether the client is ready for an answer of this media type.
    public func accepts(_ type: String) -> Bool { ContentNegotiation.accepts(type, fields) }
}
