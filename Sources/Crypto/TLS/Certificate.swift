import COpenSSL
import Glibc

/// An X.509 certificate.
// SAFETY: the handle is immutable once made, and its reference count is atomic.
@safe final class Certificate: @unchecked Sendable {
    let handle: OpaquePointer

    init(taking handle: OpaquePointer) { unsafe self.handle = handle }
    deinit { unsafe X509_free(handle) }

    /// Whether the key is the one that this certificate was made for.
    func matches(_ key: PrivateKey) -> Bool {
        defer { OpenSSLErrors.clear() }
        return unsafe X509_check_private_key(handle, key.handle) == 1
    }

    /// The subject in the form of RFC 2253, such as `CN=example.com,O=Example`.
    var subject: String { unsafe Self.text(of: X509_get_subject_name(handle)) }

    /// The issuer in the form of RFC 2253.
    var issuer: String { unsafe Self.text(of: X509_get_issuer_name(handle)) }

    /// The last common name of the subject.
    var commonName: String? {
        guard let name = unsafe X509_get_subject_name(handle) else { return nil }
        var found: CInt = -1
        while case let next = unsafe X509_NAME_get_index_by_NID(name, NID_commonName, found), next >= 0 {
            found = next
        }
        guard found >= 0, let entry = unsafe X509_NAME_get_entry(name, found) else { return nil }
        return unsafe Self.text(of: X509_NAME_ENTRY_get_data(entry))
    }

    /// The kinds of alternative names that are read.
    enum NameKind { case host, email, uri, address }

    /// The subject's alternative names; one with a NUL byte in it is left out, for it is made to deceive.
    var alternativeNames: [(kind: NameKind, value: String)] {
        guard let raw = unsafe X509_get_ext_d2i(handle, NID_subject_alt_name, nil, nil) else { return [] }
        let list = OpaquePointer(raw)
        defer { unsafe GENERAL_NAMES_free(list) }
        var names: [(kind: NameKind, value: String)] = []
        for index in 0..<(unsafe hg_names_count(list)) {
            var type: CInt = 0
            guard let general = unsafe hg_names_at(list, index),
                let value = unsafe GENERAL_NAME_get0_value(general, &type)
            else { continue }
            switch type {
            case GEN_DNS: unsafe Self.append(value, as: .host, to: &names)
            case GEN_EMAIL: unsafe Self.append(value, as: .email, to: &names)
            case GEN_URI: unsafe Self.append(value, as: .uri, to: &names)
            case GEN_IPADD: unsafe Self.append(value, as: .address, to: &names)
            default: continue
            }
        }
        return names
    }

    /// The host names that it is valid for: its alternative names, or the common name of an old one without any.
    var hostNames: [String] {
        let names = alternativeNames
        guard names.isEmpty else { return names.filter { $0.kind == .host }.map(\.value) }
        return commonName.map { [$0] } ?? []
    }

    /// Seconds since 1970 before and after which it is not valid.
    var validity: (notBefore: Int64, notAfter: Int64) {
        unsafe (Self.seconds(X509_get0_notBefore(handle)), Self.seconds(X509_get0_notAfter(handle)))
    }

    /// The SHA-256 of its DER form.
    var fingerprint: [UInt8] {
        var digest = [UInt8](repeating: 0, count: 32)
        var count: CUnsignedInt = 0
        let done = unsafe X509_digest(handle, EVP_sha256(), &digest, &count)
        return done == 1 && count == 32 ? digest : []
    }

    /// Its DER form.
    var der: [UInt8] {
        let count = unsafe i2d_X509(handle, nil)
        guard count > 0 else { return [] }
        return unsafe [UInt8](unsafeUninitializedCapacity: Int(count)) { buffer, initialized in
            var end = buffer.baseAddress
            initialized = max(0, Int(unsafe i2d_X509(handle, &end)))
        }
    }

    private static func append(
        _ value: UnsafeMutableRawPointer, as kind: NameKind, to names: inout [(kind: NameKind, value: String)]
    ) {
        let string = unsafe value.assumingMemoryBound(to: ASN1_STRING.self)
        let count = Int(unsafe ASN1_STRING_length(string))
        let bytes = unsafe UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: count)
        if kind == .address {
            if let text = unsafe addressText(bytes) { names.append((kind, text)) }
        } else if unsafe !bytes.contains(0), let text = unsafe String(validating: bytes, as: UTF8.self) {
            names.append((kind, text))
        }
    }

    private static func addressText(_ bytes: UnsafeBufferPointer<UInt8>) -> String? {
        guard bytes.count == 4 || bytes.count == 16 else { return nil }
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard unsafe inet_ntop(family, bytes.baseAddress, &text, socklen_t(text.count)) != nil else {
            return nil
        }
        return String(decoding: text.prefix { $0 != 0 }.map(UInt8.init(bitPattern:)), as: UTF8.self)
    }

    private static func text(of name: OpaquePointer?) -> String {
        guard let name = unsafe name, let bio = unsafe BIO_new(BIO_s_mem()) else { return "" }
        defer { unsafe BIO_free(bio) }
        guard unsafe X509_NAME_print_ex(bio, name, 0, hg_name_flags) >= 0 else { return "" }
        var text = [UInt8](repeating: 0, count: unsafe Int(BIO_ctrl_pending(bio)))
        let count = unsafe BIO_read(bio, &text, CInt(clamping: text.count))
        return String(decoding: text.prefix(Int(max(0, count))), as: UTF8.self)
    }

    private static func text(of string: UnsafeMutablePointer<ASN1_STRING>?) -> String? {
        var utf8: UnsafeMutablePointer<UInt8>?
        let count = unsafe ASN1_STRING_to_UTF8(&utf8, string)
        guard count >= 0, let start = unsafe utf8 else { return nil }
        defer { unsafe CRYPTO_free(start, #file, #line) }
        return unsafe String(decoding: UnsafeBufferPointer(start: start, count: Int(count)), as: UTF8.self)
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        var parts = unsafe tm()
        guard unsafe ASN1_TIME_to_tm(time, &parts) == 1 else { return 0 }
        return Int64(unsafe timegm(&parts))
    }
}
