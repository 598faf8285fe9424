import Synchronization

/// What the TLS engines of one listener, or of one kind of outgoing connection, have in common.
///
/// `reload()` reads the certificate files again; connections that exist keep what they were made with.
public final class TLSContext: Sendable {
    private enum Settings {
        case server(TLSServerSettings)
        case client(TLSClientSettings)

        func load() throws(TLSError) -> TLSGeneration {
            switch self {
            case .server(let settings): try TLSGeneration.server(settings)
            case .client(let settings): try TLSGeneration.client(settings)
            }
        }
    }

    private let settings: Settings
    private let current: Mutex<TLSGeneration>
    /// A client's sessions; nil for a server, whose sessions are in the clients' tickets.
    let sessions: TLSSessionCache?

    /// A server's context; reads the files.
    public init(server settings: TLSServerSettings) throws(TLSError) {
        self.settings = .server(settings)
        current = Mutex(try self.settings.load())
        sessions = nil
    }

    /// A client's context; reads the files.
    public init(client settings: TLSClientSettings) throws(TLSError) {
        self.settings = .client(settings)
        current = Mutex(try self.settings.load())
        sessions = TLSSessionCache(sessionsMax: settings.sessionsMax)
    }

    /// Reads the files again, for the connections to come; when one of them is bad, everything stays as it was.
    ///
    /// Tickets that were given out before are not accepted after it: their holders make a full handshake.
    public func reload() throws(TLSError) {
        let next = try settings.load()
        current.withLock { $0 = next }
    }

    /// What the files held when they were last read.
    var generation: TLSGeneration { current.withLock { $0 } }
}
