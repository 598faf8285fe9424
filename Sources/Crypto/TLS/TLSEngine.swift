public import Base
import COpenSSL

/// One end of a TLS connection, without a socket: ciphertext and plaintext go in and come out as memory.
///
/// Belongs to one loop. After every call that returns or throws, `takeOutput()` has what must be sent, alerts included.
@safe public final class TLSEngine {
    /// What a read found.
    public enum ReadResult: Equatable, Sendable {
        /// So many bytes of plaintext, at least one.
        case bytes(Int)
        /// Nothing until more ciphertext is received.
        case wantsMore
        /// The peer said `close_notify`: nothing follows, and nothing was cut off.
        case closed
        /// The transport ended without `close_notify`: something may have been cut off.
        case truncated
    }

    private enum State {
        /// → established, failed
        case handshaking
        /// → failed
        case established
        /// Nothing more is decrypted or encrypted.
        case failed
    }

    private let ssl: OpaquePointer
    private let transport: TLSTransport
    /// Keeps alive what OpenSSL's callbacks point to.
    private let generation: TLSGeneration
    private var state = State.handshaking
    private var saidGoodbye = false

    /// The server's end of a connection.
    public convenience init(accepting context: TLSContext) throws(TLSError) {
        try self.init(context.generation)
        unsafe SSL_set_accept_state(ssl)
    }

    /// The client's end of a connection to a host, given by name or address; `takeOutput()` then has the first message.
    ///
    /// The certificate must be valid for `host`, and the newest session with it is resumed where there is one.
    public convenience init(connecting context: TLSContext, to host: String) throws(TLSError) {
        try self.init(context.generation)
        unsafe SSL_set_connect_state(ssl)
        try expect(host)
        if let cache = context.sessions {
            transport.sessions = (cache, host)
            if let session = cache.take(for: host) { _ = unsafe SSL_set_session(ssl, session.handle) }
        }
        try advanceHandshake()
    }

    private init(_ generation: TLSGeneration) throws(TLSError) {
        OpenSSLErrors.clear()
        let transport = TLSTransport()
        guard let ssl = unsafe SSL_new(generation.handle) else {
            throw OpenSSLErrors.error(.configuration, "OpenSSL gives no connection")
        }
        guard let bio = unsafe transport.makeBIO() else {
            unsafe SSL_free(ssl)
            throw OpenSSLErrors.error(.configuration, "OpenSSL gives no BIO")
        }
        unsafe SSL_set_bio(ssl, bio, bio)
        unsafe hg_ssl_set_app_data(ssl, Unmanaged.passUnretained(transport).toOpaque())
        unsafe self.ssl = ssl
        self.transport = transport
        self.generation = generation
    }

    deinit { unsafe SSL_free(ssl) }

    /// Whether the handshake is done, so that plaintext can be written.
    public var isEstablished: Bool { state == .established }

    /// Takes ciphertext from the transport and carries the handshake on while it lasts.
    ///
    /// The bytes are kept until they are read: stop receiving while `unreadCount` is high.
    public func receive(_ ciphertext: UnsafeRawBufferPointer) throws(TLSError) {
        guard state != .failed else { throw TLSError(.state, "the connection failed before") }
        unsafe transport.receive(ciphertext)
        if state == .handshaking { try advanceHandshake() }
    }

    /// Takes ciphertext from the transport; see the other form.
    public func receive(_ ciphertext: RawSpan) throws(TLSError) {
        try unsafe ciphertext.withUnsafeBytes { (bytes) throws(TLSError) in try unsafe receive(bytes) }
    }

    /// Takes ciphertext from the transport; see the other form.
    public func receive(_ ciphertext: Bytes) throws(TLSError) {
        try unsafe ciphertext.withUnsafeBytes { (bytes) throws(TLSError) in try unsafe receive(bytes) }
    }

    /// The transport ended: no ciphertext will follow.
    public func receiveEnd() throws(TLSError) {
        transport.ended = true
        if state == .handshaking { try advanceHandshake() }
    }

    /// How many bytes of ciphertext wait to be read.
    public var unreadCount: Int { transport.inputCount }

    /// Decrypts into a buffer; repeat until it wants more.
    public func read(into buffer: UnsafeMutableRawBufferPointer) throws(TLSError) -> ReadResult {
        switch state {
        case .handshaking: return .wantsMore
        case .failed: throw TLSError(.state, "the connection failed before")
        case .established: break
        }
        OpenSSLErrors.clear()
        var count = 0
        let result = unsafe SSL_read_ex(ssl, buffer.baseAddress, buffer.count, &count)
        if result == 1 { return .bytes(count) }
        switch unsafe SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: return .wantsMore
        case SSL_ERROR_ZERO_RETURN: return .closed
        default:
            let failure = failure()
            if failure.code == .truncated { return .truncated }
            throw failure
        }
    }

    /// Decrypts onto the end of an array, up to a number of bytes; repeat until it wants more.
    public func read(appendingTo plaintext: inout [UInt8], countMax: Int = 16384) throws(TLSError)
        -> ReadResult
    {
        var outcome: Result<ReadResult, TLSError> = .success(.wantsMore)
        plaintext.append(addingCapacity: countMax) { output in
            unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
                do throws(TLSError) {
                    let result = try unsafe read(into: UnsafeMutableRawBufferPointer(buffer))
                    if case .bytes(let count) = result { initialized = count }
                    outcome = .success(result)
                } catch { outcome = .failure(error) }
            }
        }
        return try outcome.get()
    }

    /// Encrypts all of the plaintext into the output; only once the handshake is done.
    public func write(_ plaintext: UnsafeRawBufferPointer) throws(TLSError) {
        guard state == .established, !saidGoodbye else {
            throw TLSError(.state, "nothing can be written before the handshake or after the end")
        }
        guard plaintext.count > 0 else { return }
        // Each record of up to 16 KiB grows by a header, a tag and a nonce.
        let records = plaintext.count / 16384 + 1
        transport.output.reserveCapacity(transport.output.count + plaintext.count + records * 32)
        OpenSSLErrors.clear()
        var count = 0
        let done = unsafe SSL_write_ex(ssl, plaintext.baseAddress, plaintext.count, &count)
        // The transport takes everything, so a write is never short.
        guard done == 1, count == plaintext.count else { throw failure() }
    }

    /// Encrypts all of the plaintext into the output; see the other form.
    public func write(_ plaintext: RawSpan) throws(TLSError) {
        try unsafe plaintext.withUnsafeBytes { (bytes) throws(TLSError) in try unsafe write(bytes) }
    }

    /// Encrypts all of the plaintext into the output; see the other form.
    public func write(_ plaintext: Bytes) throws(TLSError) {
        try unsafe plaintext.withUnsafeBytes { (bytes) throws(TLSError) in try unsafe write(bytes) }
    }

    /// Says `close_notify`; what the peer sends can still be read.
    public func shutdown() {
        guard state == .established, !saidGoodbye else { return }
        saidGoodbye = true
        OpenSSLErrors.clear()
        _ = unsafe SSL_shutdown(ssl)
        OpenSSLErrors.clear()
    }

    /// How many bytes of ciphertext wait to be sent.
    public var outputCount: Int { transport.output.count }

    /// Gives away the ciphertext to be sent, without a copy, and keeps nothing of it.
    public func takeOutput() -> [UInt8] {
        var output: [UInt8] = []
        swap(&output, &transport.output)
        return output
    }

    /// Moves the ciphertext to be sent onto the end of an array.
    public func takeOutput(appendingTo bytes: inout [UInt8]) {
        guard !transport.output.isEmpty else { return }
        bytes.append(contentsOf: takeOutput())
    }

    private func advanceHandshake() throws(TLSError) {
        OpenSSLErrors.clear()
        let result = unsafe SSL_do_handshake(ssl)
        if result == 1 {
            state = .established
            return
        }
        guard unsafe SSL_get_error(ssl, result) != SSL_ERROR_WANT_READ else { return }
        throw failure()
    }

    /// Verifies that the peer is `host`, and tells it which host is meant.
    private func expect(_ host: String) throws(TLSError) {
        let parameters = unsafe SSL_get0_param(ssl)
        OpenSSLErrors.clear()
        var accepted = true
        if unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, host) != 1 {
            unsafe SSL_set_hostflags(ssl, CUnsignedInt(X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS))
            accepted = unsafe SSL_set1_host(ssl, host) == 1 && hg_ssl_set_server_name(ssl, host) == 1
        }
        if !generation.offer.isEmpty {
            let offer = generation.offer
            accepted = unsafe accepted && SSL_set_alpn_protos(ssl, offer, CUnsignedInt(offer.count)) == 0
        }
        guard accepted else { throw OpenSSLErrors.error(.configuration, "\"\(host)\" is not a host") }
    }

    /// The error that OpenSSL's queue tells of; the engine is of no use after it.
    private func failure() -> TLSError {
        state = .failed
        let entries = OpenSSLErrors.drain()
        let text = entries.map(\.text).joined(separator: ", ")
        let reason = entries.last { $0.library == ERR_LIB_SSL }?.reason ?? 0
        switch reason {
        case SSL_R_UNEXPECTED_EOF_WHILE_READING:
            return TLSError(.truncated, "the transport ended without close_notify")
        case SSL_R_HTTP_REQUEST, SSL_R_HTTPS_PROXY_REQUEST:
            return TLSError(.plainHTTP, "the peer speaks HTTP without TLS")
        case SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE:
            return TLSError(.certificateRequired, "the peer showed no certificate")
        case SSL_R_CERTIFICATE_VERIFY_FAILED:
            let verdict = unsafe X509_verify_cert_error_string(SSL_get_verify_result(ssl))
            let why = unsafe verdict.map { unsafe String(cString: $0) } ?? text
            return TLSError(.untrusted, "the peer's certificate is refused: \(why)")
        case SSL_AD_REASON_OFFSET...:
            return TLSError(.alert, "the peer refused with an alert: \(text)")
        default:
            return TLSError(.protocolViolation, text.isEmpty ? "the connection failed" : text)
        }
    }
}

extension TLSEngine {
    /// The ALPN name that both sides agreed on.
    public var negotiatedProtocol: String? {
        var name: UnsafePointer<UInt8>?
        var count: CUnsignedInt = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        guard let start = unsafe name, count > 0 else { return nil }
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }

    /// The host name that the client asked for.
    public var serverName: String? {
        unsafe SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name).map { unsafe String(cString: $0) }
    }

    /// The version that both sides agreed on, once the handshake is done.
    public var version: TLSVersion? {
        guard isEstablished, let name = unsafe SSL_get_version(ssl) else { return nil }
        return unsafe TLSVersion(rawValue: String(cString: name))
    }

    /// OpenSSL's name of the cipher in use, once the handshake is done.
    public var cipher: String? {
        guard isEstablished, let cipher = unsafe SSL_get_current_cipher(ssl) else { return nil }
        return unsafe String(cString: SSL_CIPHER_get_name(cipher))
    }

    /// Whether an earlier session was resumed instead of a full handshake.
    public var isResumed: Bool { unsafe SSL_session_reused(ssl) == 1 }

    /// The peer's certificate, where it showed one.
    public var peerCertificate: PeerCertificate? {
        unsafe SSL_get1_peer_certificate(ssl).map { unsafe PeerCertificate(Certificate(taking: $0)) }
    }
}
