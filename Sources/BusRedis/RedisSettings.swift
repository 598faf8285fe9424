import Base
package import Crypto
package import Wire

/// How to reach a Redis server or cluster, and within which bounds.
package struct RedisSettings: Sendable {
    /// Where it is and how to be let in.
    package var url: RedisURL
    /// What stands before every key and channel, so that others may use the same server.
    package var prefix = "heliograph:"
    /// How the connections are named in `CLIENT LIST`.
    package var clientName = "heliograph"
    /// Whether channels live in slots where a cluster has Redis 7 or newer; all nodes must agree.
    package var usesShardedChannels = true
    /// Whom to trust with TLS.
    package var trust: TLSClientSettings.Trust = .system
    /// How long connecting and signing in may take.
    package var connectTimeout = Duration.seconds(3)
    /// How long a call may take, with all redirections and repetitions.
    package var commandTimeout = Duration.seconds(1)
    /// After so long a silence the server is asked whether it is there.
    package var pingInterval = Duration.seconds(5)
    /// The first and the longest wait before connecting anew.
    package var backoff = (first: Duration.milliseconds(50), longest: Duration.seconds(2))
    /// How often the map of a cluster is fetched where nothing asks for it.
    package var refreshInterval = Duration.seconds(30)
    /// Commands of one connection that may wait for their answers.
    package var pendingMax = 8192
    /// Bytes of one connection that may wait to be sent.
    package var pendingBytesMax = 16 << 20
    /// Messages that may wait to be published.
    package var publishesMax = 16_384
    /// Bounds of what a server may say.
    package var limits = RedisSettings.usualLimits

    /// The usual settings.
    package init(url: RedisURL) { self.url = url }
}

extension RedisSettings {
    /// Nothing that the bus keeps is larger than this.
    fileprivate static let usualLimits: RESPLimits = {
        var limits = RESPLimits()
        limits.messageBytesMax = 32 << 20
        return limits
    }()
}
