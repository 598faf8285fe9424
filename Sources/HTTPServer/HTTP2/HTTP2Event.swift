package import Base
package import Wire

/// A stream's number on its connection.
package typealias HTTP2StreamID = Int32

/// The head of an HTTP/2 request.
package struct HTTP2RequestHead: Sendable, Hashable {
    package var method: HTTPMethod
    /// `http` or `https`; empty for a plain CONNECT.
    package var scheme: Bytes
    /// `:authority`, or what `Host` said where that was missing.
    package var authority: Bytes
    /// `:path`: an absolute path with its query, or `*`; empty for a plain CONNECT.
    package var path: Bytes
    /// `:protocol` of an extended CONNECT (RFC 8441), such as `websocket`.
    package var upgradeProtocol: Bytes?
    /// The other fields: `host` is always there, and the pieces of a split `cookie` are one again.
    package var fields: HeaderFields
    /// Whether nothing follows: no body and no trailers.
    package var endsStream: Bool
}

/// What happened on an HTTP/2 connection.
package enum HTTP2Event: Sendable, Hashable {
    /// A request's head is complete. With `endsStream` the request is whole; otherwise `.data` and `.end` follow.
    case request(HTTP2StreamID, HTTP2RequestHead)
    /// A request went beyond a limit and is to be answered with this status; its body is dropped by itself.
    case refused(HTTP2StreamID, status: Int)
    /// A part of a request's body; `consume` gives the peer room for more.
    case data(HTTP2StreamID, Bytes)
    /// A request's body is complete.
    case end(HTTP2StreamID, trailers: HeaderFields)
    /// A stream of which `.request` or `.refused` told is over, in whatever way; nothing more is said of it.
    case closed(HTTP2StreamID, HTTP2ErrorCode)
    /// So much of an answer's body is sent that less than the low-water mark is queued.
    case drained(HTTP2StreamID)
    /// The peer answered `ping`.
    case pong(UInt64)
    /// The peer will ask for nothing more.
    case goaway(HTTP2ErrorCode)
    /// The connection is broken: send the output, then close.
    case failed(HTTP2ErrorCode, reason: String)
}
