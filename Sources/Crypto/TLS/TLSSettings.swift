public import Base

/// Where PEM text comes from; a file is read again by `TLSContext.reload()`.
public enum PEMSource: Sendable, Hashable {
    case file(String)
    case bytes(Bytes)
}

/// A certificate chain, leaf first, and the private key of its leaf.
public struct TLSIdentity: Sendable, Hashable {
    /// The certificates, leaf first.
    public var chain: PEMSource
    /// The leaf's private key, without a password.
    public var key: PEMSource

    /// An identity from two PEM sources.
    public init(chain: PEMSource, key: PEMSource) {
        self.chain = chain
        self.key = key
    }
}

/// A version of TLS; older ones are not spoken here.
public enum TLSVersion: String, Sendable {
    case tls12 = "TLSv1.2"
    case tls13 = "TLSv1.3"
}

/// How a server speaks TLS.
public struct TLSServerSettings: Sendable, Hashable {
    /// Whether clients show certificates, and who must have signed them.
    public enum ClientCertificates: Sendable, Hashable {
        case none
        /// A client may show none; a certificate that is shown must be good.
        case optional(authorities: PEMSource)
        case required(authorities: PEMSource)
    }

    /// The server's certificates: chosen by the name that the client asks for (an exact name before a wildcard),
    /// the first one where no name fits.
    public var identities: [TLSIdentity]
    /// The ALPN names that are accepted, the preferred first; empty turns ALPN off.
    public var protocols: [String]
    /// Whether clients show certificates.
    public var clientCertificates: ClientCertificates
    /// The oldest version that is spoken.
    public var minimumVersion: TLSVersion
    /// The newest version that is spoken.
    public var maximumVersion: TLSVersion

    /// Settings of a server with TLS 1.2 and 1.3.
    public init(
        identities: [TLSIdentity], protocols: [String] = [],
        clientCertificates: ClientCertificates = .none,
        minimumVersion: TLSVersion = .tls12, maximumVersion: TLSVersion = .tls13
    ) {
        self.identities = identities
        self.protocols = protocols
        self.clientCertificates = clientCertificates
        self.minimumVersion = minimumVersion
        self.maximumVersion = maximumVersion
    }
}

/// How a client speaks TLS.
public struct TLSClientSettings: Sendable, Hashable {
    /// Who must have signed the server's certificate.
    public enum Trust: Sendable, Hashable {
        case system
        case authorities(PEMSource)
        /// Anyone at all: encryption without knowing the peer, for tests and closed networks.
        case anyone
    }

    /// Who must have signed the server's certificate.
    public var trust: Trust
    /// The ALPN names to offer, the preferred first.
    public var protocols: [String]
    /// The certificate to show where the server asks for one.
    public var identity: TLSIdentity?
    /// The oldest version that is spoken.
    public var minimumVersion: TLSVersion
    /// The newest version that is spoken.
    public var maximumVersion: TLSVersion
    /// How many servers' sessions are kept for resumption; 0 keeps none.
    public var sessionsMax: Int

    /// Settings of a client with TLS 1.2 and 1.3 that trusts the system's authorities.
    public init(
        trust: Trust = .system, protocols: [String] = [], identity: TLSIdentity? = nil,
        minimumVersion: TLSVersion = .tls12, maximumVersion: TLSVersion = .tls13, sessionsMax: Int = 256
    ) {
        self.trust = trust
        self.protocols = protocols
        self.identity = identity
        self.minimumVersion = minimumVersion
        self.maximumVersion = maximumVersion
        self.sessionsMax = sessionsMax
    }
}
