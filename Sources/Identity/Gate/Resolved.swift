import HTTPServer
import Base
import Crypto
import Kernel
import Reactor

/// What a credential came to: who it is, and on what that depends; shared by all requests that show it.
final class Resolved: Sendable {
    let caller: Caller
    /// What makes it out of date, such as `user:7` and `role:admin`.
    let tags: Set<String>
    /// From where the credential may be used; nil for everywhere.
    let addresses: [AddressRange]?
    /// What verifies the signatures of a key.
    let signer: HMACKey?
    /// What a browser's text along has to come to, where the credential is a cookie.
    let csrfDigest: String?

    init(
        caller: Caller, tags: Set<String>, addresses: [AddressRange]? = nil, signer: HMACKey? = nil,
        csrfDigest: String? = nil
    ) {
        self.caller = caller
        self.tags = tags
        self.addresses = addresses
        self.signer = signer
        self.csrfDigest = csrfDigest
    }

    /// Whether it can be used now, from there: neither changes anything that is remembered.
    func isGood(at now: Timestamp, from peer: SocketAddress) -> Bool {
        if let end = caller.expiresAt, now >= end { return false }
        guard let addresses else { return true }
        return addresses.contains { $0.contains(peer) }
    }
}

/// How what a credential came to is remembered: by a digest, never by the secret itself.
enum ResolvedKey: Hashable, Sendable {
    case token(Bytes)
    case cookie(Bytes)
    case key(Bytes)
    case signer(String)
    case certificate(Bytes)
}
