public import Base
public import Wire

/// An answer, whatever version of HTTP it goes by.
public struct Response: Sendable {
    /// The status.
    public var status: HTTPStatus
    /// Without `content-length`, `transfer-encoding`, `connection` and `date`, which the server adds.
    public var fields: HeaderFields
    /// The body.
    public var body: ResponseBody

    /// Puts an answer together.
    public init(status: HTTPStatus = .ok, fields: HeaderFields = HeaderFields(), body: ResponseBody = .empty)
    {
        self.status = status
        self.fields = fields
        self.body = body
    }

    /// An answer of bytes of a media type.
    public init(status: HTTPStatus = .ok, _ body: Bytes, type: StaticString) {
        self.status = status
        fields = HeaderFields()
        fields.append("content-type", Bytes("\(type)"))
        self.body = .bytes(body)
    }

    /// JSON that is encoded already.
    public static func json(_ body: Bytes, status: HTTPStatus = .ok) -> Response {
        Response(status: status, fields: jsonFields, body: .bytes(body))
    }

    /// Shared by all JSON answers, so that making one allocates no table of fields.
    private static let jsonFields: HeaderFields = ["content-type": "application/json"]

    /// An answer whose body the closure writes while it is being sent.
    ///
    /// The length makes the server announce it.
    public static func stream(
        status: HTTPStatus = .ok, fields: HeaderFields = HeaderFields(), length: UInt64? = nil,
        _ produce: @escaping @Sendable (ResponseWriter) async throws -> Void
    ) -> Response {
        Response(status: status, fields: fields, body: .stream(length: length, produce))
    }
}

/// An answer's body.
public enum ResponseBody: Sendable {
    case empty
    case bytes(Bytes)
    /// Written while it is sent; what the closure throws breaks the answer off, visibly for the client.
    case stream(length: UInt64?, @Sendable (ResponseWriter) async throws -> Void)
    /// Leaves HTTP: the connection (or the HTTP/2 stream) carries WebSocket messages from here on.
    case webSocket(WebSocketUpgrade)
}

/// Where a streamed answer's bytes go.
protocol ResponseSink: AnyObject, Sendable {
    func send(_ bytes: Bytes) async throws
    func setTrailers(_ fields: HeaderFields) async
}

/// Writes the body of a streamed answer.
public struct ResponseWriter: Sendable {
    let sink: any ResponseSink

    /// Sends bytes; waits while the client takes less than is written, throws when it is gone.
    public func write(_ bytes: Bytes) async throws {
        if !bytes.isEmpty { try await sink.send(bytes) }
    }

    /// Sets the fields that follow the body (HTTP/1.1 chunked and HTTP/2).
    public func setTrailers(_ fields: HeaderFields) async { await sink.setTrailers(fields) }
}
