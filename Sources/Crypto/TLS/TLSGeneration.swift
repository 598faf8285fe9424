import COpenSSL

/// What a context's settings became when they were last read; engines keep the one that they were made from.
// SAFETY: nothing is changed once `init` is done; an SSL_CTX may then be used by many threads at once.
@safe final class TLSGeneration: @unchecked Sendable {
    let handle: OpaquePointer
    /// The callbacks' context; OpenSSL holds an uncounted pointer to it.
    private let identities: TLSIdentities?
    let isServer: Bool
    /// A client's ALPN names as they go over the wire.
    let offer: [UInt8]
    let verifiesPeer: Bool

    private init(
        taking handle: OpaquePointer, identities: TLSIdentities?, offer: [UInt8], verifiesPeer: Bool
    ) {
        unsafe self.handle = handle
        self.identities = identities
        self.isServer = identities != nil
        self.offer = offer
        self.verifiesPeer = verifiesPeer
    }

    deinit { unsafe SSL_CTX_free(handle) }

    /// Reads the files of a server's settings.
    static func server(_ settings: TLSServerSettings) throws(TLSError) -> TLSGeneration {
        _ = try wireFormat(settings.protocols)
        let identities = try TLSIdentities(settings.identities, protocols: settings.protocols)
        let verifies = settings.clientCertificates != .none
        let context = try unsafe makeContext(
            TLS_server_method(), settings.minimumVersion, settings.maximumVersion)
        // From here on the generation frees the context, whatever fails.
        let generation = unsafe TLSGeneration(
            taking: context, identities: identities, offer: [], verifiesPeer: verifies)
        try unsafe identities.install(in: context)
        let box = unsafe Unmanaged.passUnretained(identities).toOpaque()
        unsafe SSL_CTX_set_cert_cb(context, chooseCertificate, box)
        if !settings.protocols.isEmpty { unsafe SSL_CTX_set_alpn_select_cb(context, chooseProtocol, box) }
        // Sessions live in tickets alone, which the client keeps.
        _ = unsafe hg_ctx_set_session_cache_mode(context, CLong(SSL_SESS_CACHE_OFF))
        _ = unsafe SSL_CTX_set_num_tickets(context, 1)
        let name: [UInt8] = Array("heliograph".utf8)
        _ = unsafe SSL_CTX_set_session_id_context(context, name, CUnsignedInt(name.count))
        try unsafe requireClients(settings.clientCertificates, in: context)
        return generation
    }

    /// Reads the files of a client's settings.
    static func client(_ settings: TLSClientSettings) throws(TLSError) -> TLSGeneration {
        let offer = try wireFormat(settings.protocols)
        let context = try unsafe makeContext(
            TLS_client_method(), settings.minimumVersion, settings.maximumVersion)
        let generation = unsafe TLSGeneration(
            taking: context, identities: nil, offer: offer, verifiesPeer: settings.trust != .anyone)
        switch settings.trust {
        case .system:
            guard unsafe SSL_CTX_set_default_verify_paths(context) == 1 else {
                throw OpenSSLErrors.error(.unreadable, "the system's authorities cannot be read")
            }
        case .authorities(let source):
            try unsafe trust(PEM.certificates(source), in: context, announcing: false)
        case .anyone: break
        }
        unsafe SSL_CTX_set_verify(context, generation.verifiesPeer ? SSL_VERIFY_PEER : SSL_VERIFY_NONE, nil)
        if let identity = settings.identity {
            try unsafe TLSIdentities([identity], protocols: []).install(in: context)
        }
        let mode = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
        _ = unsafe hg_ctx_set_session_cache_mode(context, CLong(mode))
        if settings.sessionsMax > 0 { unsafe SSL_CTX_sess_set_new_cb(context, keepSession) }
        return generation
    }

    private static func makeContext(
        _ method: OpaquePointer?, _ least: TLSVersion, _ most: TLSVersion
    ) throws(TLSError) -> OpaquePointer {
        OpenSSLErrors.clear()
        guard let context = unsafe SSL_CTX_new(method) else {
            throw OpenSSLErrors.error(.configuration, "OpenSSL gives no context")
        }
        let suites = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
        guard unsafe hg_ctx_set_versions(context, least.number, most.number) == 1,
            // Forward secrecy and authenticated encryption only.
            unsafe SSL_CTX_set_cipher_list(context, "ECDHE+AESGCM:ECDHE+CHACHA20") == 1,
            unsafe SSL_CTX_set_ciphersuites(context, suites) == 1,
            unsafe hg_ctx_set_groups(context, "X25519:P-256:P-384") == 1
        else {
            unsafe SSL_CTX_free(context)
            throw OpenSSLErrors.error(.configuration, "OpenSSL refuses the versions or ciphers")
        }
        _ = unsafe SSL_CTX_set_options(context, hg_tls_options)
        // Idle connections give their record buffers back.
        let mode = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_NO_AUTO_CHAIN
        _ = unsafe hg_ctx_set_mode(context, CLong(mode))
        unsafe SSL_CTX_set_verify_depth(context, 8)
        return unsafe context
    }

    private static func requireClients(
        _ rule: TLSServerSettings.ClientCertificates, in context: OpaquePointer
    ) throws(TLSError) {
        switch rule {
        case .none:
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_NONE, nil)
        case .optional(let authorities):
            try unsafe trust(PEM.certificates(authorities), in: context, announcing: true)
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        case .required(let authorities):
            try unsafe trust(PEM.certificates(authorities), in: context, announcing: true)
            unsafe SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nil)
        }
    }

    /// Trusts what these authorities signed; announcing them tells clients whose certificates are wanted.
    private static func trust(
        _ authorities: [Certificate], in context: OpaquePointer, announcing: Bool
    ) throws(TLSError) {
        let store = unsafe SSL_CTX_get_cert_store(context)
        for authority in authorities {
            OpenSSLErrors.clear()
            guard unsafe X509_STORE_add_cert(store, authority.handle) == 1,
                unsafe !announcing || SSL_CTX_add_client_CA(context, authority.handle) == 1
            else { throw OpenSSLErrors.error(.malformed, "the authority \(authority.subject) is refused") }
        }
    }

    /// ALPN names, each after its length.
    private static func wireFormat(_ protocols: [String]) throws(TLSError) -> [UInt8] {
        var wire: [UInt8] = []
        for name in protocols {
            guard (1...255).contains(name.utf8.count) else {
                throw TLSError(.configuration, "an ALPN name has 1 to 255 bytes, unlike \"\(name)\"")
            }
            wire.append(UInt8(name.utf8.count))
            wire.append(contentsOf: name.utf8)
        }
        return wire
    }
}

extension TLSVersion {
    fileprivate var number: CInt {
        switch self {
        case .tls12: TLS1_2_VERSION
        case .tls13: TLS1_3_VERSION
        }
    }
}
