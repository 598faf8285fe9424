import COpenSSL
import Synchronization

/// A session that a client can resume.
// SAFETY: the handle is this object's own copy, changed only by the one connection that took it from the cache.
@safe final class TLSSession: @unchecked Sendable {
    let handle: OpaquePointer
    init(taking handle: OpaquePointer) { unsafe self.handle = handle }
    deinit { unsafe SSL_SESSION_free(handle) }

    var isReusable: Bool { unsafe SSL_SESSION_get_protocol_version(handle) < TLS1_3_VERSION }
    func copy() -> TLSSession? { unsafe SSL_SESSION_dup(handle).map { unsafe TLSSession(taking: $0) } }
}

/// The latest session of each server that a client spoke with, up to a number of servers.
final class TLSSessionCache: Sendable {
    private let sessionsMax: Int
    private let sessions = Mutex<[String: TLSSession]>([:])

    init(sessionsMax: Int) { self.sessionsMax = sessionsMax }

    /// Keeps a session; where there is no place left, another server's goes.
    func store(_ session: TLSSession, for name: String) {
        guard sessionsMax > 0 else { return }
        sessions.withLock { sessions in
            if sessions.count >= sessionsMax, sessions[name] == nil, let other = sessions.keys.first {
                sessions[other] = nil
            }
            sessions[name] = session
        }
    }

    /// Gives a session to a connection.
    ///
    /// One of TLS 1.3 is gone then, for each is to be used once and the connection brings the next; one of TLS 1.2
    /// stays, for servers seldom send another.
    func take(for name: String) -> TLSSession? {
        sessions.withLock { sessions in
            guard let session = sessions[name] else { return nil }
            guard session.isReusable else { return sessions.removeValue(forKey: name) }
            return session.copy()
        }
    }
}

/// OpenSSL has a new session for the client; 0 says that the reference is not taken.
@c(hg_tls_new_session)
func keepSession(_ ssl: OpaquePointer?, _ session: OpaquePointer?) -> CInt {
    guard let data = unsafe hg_ssl_get_app_data(ssl), let session = unsafe session else { return 0 }
    // SAFETY: the engine that is calling OpenSSL keeps its transport alive.
    let transport = unsafe Unmanaged<TLSTransport>.fromOpaque(data).takeUnretainedValue()
    // A copy: OpenSSL spoils the original when a connection is freed without close_notify.
    guard let sessions = transport.sessions, let copy = unsafe SSL_SESSION_dup(session) else { return 0 }
    unsafe sessions.cache.store(TLSSession(taking: copy), for: sessions.name)
    return 0
}
