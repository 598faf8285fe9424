import COpenSSL

/// A server's certificates and the names that they answer to.
// SAFETY: nothing in it changes once made, and OpenSSL counts the references of what is behind the handles atomically.
@safe final class TLSIdentities: @unchecked Sendable {
    /// A chain that was read and whose key fits.
    @safe struct Loaded {
        let leaf: Certificate
        let key: PrivateKey
        /// `STACK_OF(X509)` of what follows the leaf.
        let chain: OpaquePointer
    }

    private var loaded: [Loaded] = []
    private var exact: [String: [Int]] = [:]
    /// By what follows the star and its dot.
    private var wildcard: [String: [Int]] = [:]
    /// The ALPN names, the preferred first.
    let protocols: [[UInt8]]

    init(_ identities: [TLSIdentity], protocols: [String]) throws(TLSError) {
        self.protocols = protocols.map { Array($0.utf8) }
        for identity in identities {
            let index = loaded.count
            let next = try Self.load(identity)
            loaded.append(next)
            for name in next.leaf.hostNames.map({ $0.lowercased() }) {
                if name.hasPrefix("*.") {
                    wildcard[String(name.dropFirst(2)), default: []].append(index)
                } else {
                    exact[name, default: []].append(index)
                }
            }
        }
    }

    deinit {
        for identity in loaded { unsafe hg_chain_free(identity.chain) }
    }

    /// The identities for a name: of an exact name, else of a wildcard, else none.
    private func matching(_ name: String) -> [Int] {
        let name = name.lowercased()
        if let found = exact[name] { return found }
        guard let dot = name.firstIndex(of: ".") else { return [] }
        return wildcard[String(name[name.index(after: dot)...])] ?? []
    }

    /// Makes the first identity, with its twins of other key types, the one for every name that fits nothing.
    func install(in context: OpaquePointer) throws(TLSError) {
        guard let first = loaded.first else {
            throw TLSError(.configuration, "a TLS server needs a certificate")
        }
        let names = Set(first.leaf.hostNames)
        for identity in loaded
        where identity.leaf === first.leaf
            || Set(identity.leaf.hostNames) == names
        {
            OpenSSLErrors.clear()
            let done = unsafe SSL_CTX_use_cert_and_key(
                context, identity.leaf.handle, identity.key.handle, identity.chain, 1)
            guard done == 1 else {
                throw OpenSSLErrors.error(
                    .malformed, "the certificate of \(identity.leaf.subject) is refused")
            }
        }
    }

    /// Puts the identities for a name in place of the context's; false when OpenSSL refuses.
    func choose(for name: String, in ssl: OpaquePointer) -> Bool {
        let chosen = matching(name)
        guard !chosen.isEmpty, chosen.first != 0 else { return true }
        unsafe SSL_certs_clear(ssl)
        for index in chosen {
            let identity = loaded[index]
            let done = unsafe SSL_use_cert_and_key(
                ssl, identity.leaf.handle, identity.key.handle, identity.chain, 1)
            guard done == 1 else { return false }
        }
        return true
    }

    static func load(_ identity: TLSIdentity) throws(TLSError) -> Loaded {
        let certificates = try PEM.certificates(identity.chain)
        let key = try PEM.privateKey(identity.key)
        let leaf = certificates[0]
        guard leaf.matches(key) else {
            throw TLSError(
                .keyMismatch,
                "the key in \(PEM.name(identity.key)) does not belong to the first certificate in "
                    + "\(PEM.name(identity.chain)) (\(leaf.subject))")
        }
        guard let chain = unsafe hg_chain_new() else { throw OpenSSLErrors.error(.malformed, "no memory") }
        for certificate in certificates.dropFirst() {
            guard unsafe hg_chain_append(chain, certificate.handle) == 1 else {
                unsafe hg_chain_free(chain)
                throw OpenSSLErrors.error(.malformed, "no memory")
            }
        }
        return unsafe Loaded(leaf: leaf, key: key, chain: chain)
    }
}

/// The client said which name it wants; 0 ends the handshake.
@c(hg_tls_choose_certificate)
func chooseCertificate(_ ssl: OpaquePointer?, _ context: UnsafeMutableRawPointer?) -> CInt {
    guard let ssl = unsafe ssl, let context = unsafe context else { return 0 }
    guard let name = unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name) else { return 1 }
    // SAFETY: the engine that is calling OpenSSL keeps its generation, and with it the identities.
    let identities = unsafe Unmanaged<TLSIdentities>.fromOpaque(context).takeUnretainedValue()
    return unsafe identities.choose(for: String(cString: name), in: ssl) ? 1 : 0
}

/// The client offered ALPN names; the server's first one among them is taken, and none is a fatal alert.
@c(hg_tls_choose_protocol)
func chooseProtocol(
    _ ssl: OpaquePointer?, _ chosen: UnsafeMutablePointer<UnsafePointer<UInt8>?>?,
    _ chosenCount: UnsafeMutablePointer<UInt8>?, _ offered: UnsafePointer<UInt8>?,
    _ offeredCount: CUnsignedInt,
    _ context: UnsafeMutableRawPointer?
) -> CInt {
    guard let context = unsafe context else { return SSL_TLSEXT_ERR_NOACK }
    // SAFETY: as in chooseCertificate.
    let identities = unsafe Unmanaged<TLSIdentities>.fromOpaque(context).takeUnretainedValue()
    let list = unsafe UnsafeBufferPointer(start: offered, count: Int(offeredCount))
    for name in identities.protocols {
        var position = 0
        while position < list.count {
            let start = position + 1
            let end = unsafe start + Int(list[position])
            guard end <= list.count else { return SSL_TLSEXT_ERR_ALERT_FATAL }
            let candidate = unsafe UnsafeBufferPointer(rebasing: list[start..<end])
            if unsafe candidate.elementsEqual(name) {
                unsafe chosen?.pointee = candidate.baseAddress
                unsafe chosenCount?.pointee = UInt8(candidate.count)
                return SSL_TLSEXT_ERR_OK
            }
            position = end
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL
}
