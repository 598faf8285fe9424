/// What a client holds on to, for each event loop.
package struct HTTPClientSettings: Sendable {
    /// Connections to one host.
    package var connectionsPerHostMax = 16
    /// Connections in all.
    package var connectionsMax = 256
    /// Connections kept open while nobody uses them.
    package var idleConnectionsMax = 64
    /// How long such a connection is kept.
    package var idleConnectionLifetime = Duration.seconds(90)
    /// Requests under way, those included that wait for a connection; more fail with `overloaded`.
    package var requestsMax = 4096
    /// Bytes of an answer that wait for a slow reader before the server is made to wait.
    package var readAheadBytes = 256 << 10
    /// Bytes of an answer's head.
    package var headBytesMax = 64 << 10
    /// The `User-Agent` of requests that bring none.
    package var userAgent = "heliograph"

    /// The defaults.
    package init() {}
}
