import Reactor
public import Wire

/// What a client may cost.
///
/// Every limit has a default that suits a public server.
public struct ServerLimits: Sendable {
    /// Bytes and number of header fields, and bytes of the target.
    public var head = HTTP1Limits()
    /// What an HTTP/2 connection may do.
    public var http2 = HTTP2Limits()
    /// Bytes of a request's body.
    public var bodyMax = 16 << 20
    /// How long a client may take from the first byte of a head to its last.
    public var headTimeout = Duration.seconds(10)
    /// How long a body may take, beyond one second for each KiB that has arrived.
    public var bodyTimeout = Duration.seconds(30)
    /// How long a connection may be kept with nothing to do.
    public var idleTimeout = Duration.seconds(75)
    /// How long a handler may take before it is cancelled.
    public var handlerTimeout = Duration.seconds(30)
    /// How long a client may take none of an answer.
    public var writeTimeout = Duration.seconds(30)
    /// Connections in all, and from one address (0: as many as in all).
    public var connectionsMax = 20_000
    /// Connections from one address; 0 means as many as in all.
    public var connectionsPerAddressMax = 0
    /// How long idle connections are still answered when the server stops.
    public var idleGrace = Duration.milliseconds(500)

    /// The limits that suit a public server.
    public init() {}

    /// What the limits come to on the loop's clock; computed once, because every request asks.
    struct Spans: Sendable {
        let head: MonotonicNanoseconds
        let body: MonotonicNanoseconds
        let idle: MonotonicNanoseconds
        let handler: MonotonicNanoseconds
        let write: MonotonicNanoseconds
        /// After so long a silence a connection is parked: its task and the memory that holds are let go.
        let park: MonotonicNanoseconds

        init(_ limits: ServerLimits) {
            head = limits.headTimeout.nanoseconds
            body = limits.bodyTimeout.nanoseconds
            idle = limits.idleTimeout.nanoseconds
            handler = limits.handlerTimeout.nanoseconds
            write = limits.writeTimeout.nanoseconds
            park = min(100_000_000, idle / 2)
        }
    }
}
