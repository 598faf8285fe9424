import Wire

/// What a server said of itself when it was greeted.
struct RedisServer: Sendable, Equatable {
    /// The first number of its version.
    let version: Int
    /// Whether it belongs to a cluster.
    let isCluster: Bool
    /// Whether it only follows another.
    let isReplica: Bool

    /// Whether its channels live in slots, as keys do.
    let isSharded: Bool

    /// Reads the answer to `HELLO`; `maySharded` says whether channels in slots are wanted where the server has them.
    init?(hello: RESPValue, maySharded: Bool) {
        guard case .map = hello, let version = hello["version"]?.text?.prefix(while: { $0 != "." }),
            let version = Int(version)
        else { return nil }
        self.version = version
        isCluster = hello["mode"]?.text == "cluster"
        isSharded = maySharded && isCluster && version >= 7
        isReplica = hello["role"]?.text == "replica" || hello["role"]?.text == "slave"
    }
}

/// How it is with a connection.
enum LinkStatus: Sendable, Equatable {
    /// → up, down, stopped. Nothing is known yet, so callers wait.
    case connecting
    /// → down, stopped
    case up(RedisServer)
    /// → up, stopped. The last attempt failed or the connection was lost; callers do not wait.
    case down(String)
    case stopped

    var isUp: Bool {
        if case .up = self { true } else { false }
    }

    /// What is wrong; nil where nothing is.
    var fault: String? {
        switch self {
        case .up: nil
        case .connecting: "not connected yet"
        case .down(let reason): reason
        case .stopped: "stopped"
        }
    }
}
