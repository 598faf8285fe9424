import Reactor
import Wire

/// Why a connection to a server could not be made or was given up.
struct LinkFailure: Error, CustomStringConvertible {
    enum Kind {
        /// It may be better the next time.
        case network
        /// The server does not let us in, or is not what the settings say: somebody has to change something.
        case setup
    }

    let kind: Kind
    let description: String

    init(_ description: String, _ kind: Kind = .network) {
        self.kind = kind
        self.description = description
    }

    init(_ error: StreamError) {
        switch error {
        case .closed: self.init("the connection was closed")
        case .broken(let error): self.init("\(error)")
        case .writeTimedOut: self.init("the server takes nothing any more")
        case .tls(let error): self.init("\(error)")
        }
    }

    init(_ error: RESPError) { self.init("what came is no Redis protocol (\(error))") }

    /// The server's answer to `HELLO`.
    init(hello reply: String) {
        switch reply.prefix(while: { $0 != " " }) {
        case "WRONGPASS": self.init("Redis refuses the user or the password (\(reply))", .setup)
        case "NOAUTH": self.init("Redis wants a password (\(reply))", .setup)
        case "NOPERM": self.init("the user may not sign in (\(reply))", .setup)
        case "NOPROTO": self.init("Redis 6 or newer is needed (\(reply))", .setup)
        case "ERR" where reply.contains("unknown command"):
            self.init("Redis 6 or newer is needed (\(reply))", .setup)
        default: self.init("Redis refuses the connection (\(reply))")
        }
    }
}
