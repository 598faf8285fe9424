import Base
import COpenSSL
import Glibc

/// Reads PEM text and what is in it.
enum PEM {
    /// No chain, key or bundle of authorities is larger; Debian's whole bundle has about 220 KB.
    static let bytesMax = 4 << 20

    /// The text of a source.
    static func read(_ source: PEMSource) throws(TLSError) -> Bytes {
        switch source {
        case .bytes(let bytes): return bytes
        case .file(let path): return Bytes(try readFile(path))
        }
    }

    /// How errors call a source.
    static func name(_ source: PEMSource) -> String {
        switch source {
        case .bytes: "the given PEM text"
        case .file(let path): path
        }
    }

    private static func readFile(_ path: String) throws(TLSError) -> [UInt8] {
        let descriptor = unsafe open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw unreadable(path, errno) }
        defer { close(descriptor) }
        var contents: [UInt8] = []
        while contents.count <= bytesMax {
            var failure: CInt = 0
            let before = contents.count
            contents.append(addingCapacity: 16384) { output in
                unsafe output.withUnsafeMutableBufferPointer { buffer, initialized in
                    let count = unsafe Glibc.read(descriptor, buffer.baseAddress, buffer.count)
                    if count < 0 { failure = errno } else { initialized = count }
                }
            }
            if failure == EINTR { continue }
            guard failure == 0 else { throw unreadable(path, failure) }
            if contents.count == before { return contents }
        }
        throw TLSError(.unreadable, "\(path) is larger than \(bytesMax) bytes")
    }

    private static func unreadable(_ path: String, _ code: CInt) -> TLSError {
        TLSError(.unreadable, "cannot read \(path): \(unsafe String(cString: strerror(code)))")
    }

    /// The certificates in a PEM text, in their order; at least one.
    static func certificates(_ source: PEMSource) throws(TLSError) -> [Certificate] {
        let text = try read(source)
        OpenSSLErrors.clear()
        guard let bio = unsafe openBIO(text) else { throw OpenSSLErrors.error(.malformed, "no memory") }
        defer { unsafe BIO_free(bio) }
        var certificates: [Certificate] = []
        while let handle = unsafe PEM_read_bio_X509(bio, nil, refusePassword, nil) {
            certificates.append(unsafe Certificate(taking: handle))
        }
        // Past the last certificate the queue says "no start line"; anything else is a broken one.
        let last = OpenSSLErrors.drain().last
        guard last?.reason == PEM_R_NO_START_LINE, !certificates.isEmpty else {
            let reason = certificates.isEmpty ? "no certificate" : last?.text ?? "a broken certificate"
            throw TLSError(.malformed, "\(name(source)) has \(reason)")
        }
        return certificates
    }

    /// The private key in a PEM text.
    static func privateKey(_ source: PEMSource) throws(TLSError) -> PrivateKey {
        let text = try read(source)
        OpenSSLErrors.clear()
        guard let bio = unsafe openBIO(text) else { throw OpenSSLErrors.error(.malformed, "no memory") }
        defer { unsafe BIO_free(bio) }
        guard let key = unsafe PEM_read_bio_PrivateKey(bio, nil, refusePassword, nil) else {
            throw OpenSSLErrors.error(
                .malformed, "\(name(source)) has no private key that opens without a password")
        }
        return unsafe PrivateKey(taking: key)
    }

    /// A copy of the text as a BIO of OpenSSL's own.
    private static func openBIO(_ text: Bytes) -> OpaquePointer? {
        guard let bio = unsafe BIO_new(BIO_s_mem()) else { return nil }
        let written = unsafe text.withUnsafeBytes { bytes in
            unsafe BIO_write(bio, bytes.baseAddress, CInt(clamping: bytes.count))
        }
        guard Int(written) == text.count else {
            unsafe BIO_free(bio)
            return nil
        }
        return unsafe bio
    }
}

/// Without this OpenSSL would ask for the password of an encrypted key on the terminal.
@c(hg_tls_refuse_password)
func refusePassword(
    _ buffer: UnsafeMutablePointer<CChar>?, _ capacity: CInt, _ writing: CInt,
    _ context: UnsafeMutableRawPointer?
) -> CInt { -1 }

/// A private key; OpenSSL counts its references atomically and nothing here changes it.
// SAFETY: the handle is immutable once made, and its reference count is atomic.
@safe final class PrivateKey: @unchecked Sendable {
    let handle: OpaquePointer
    init(taking handle: OpaquePointer) { unsafe self.handle = handle }
    deinit { unsafe EVP_PKEY_free(handle) }
}
