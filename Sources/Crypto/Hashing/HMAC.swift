public import Base
import COpenSSL

// SAFETY: the template is never changed after `init`; each message works on a copy of it.
/// A key for HMAC-SHA256; its schedule is made once and used for every message.
@safe public final class HMACKey: @unchecked Sendable {
    private static let algorithm = Algorithm()

    // SAFETY: fetched once, never changed after, never freed.
    @safe private struct Algorithm: @unchecked Sendable {
        let raw: OpaquePointer?
        init() { unsafe raw = EVP_MAC_fetch(nil, "HMAC", nil) }
    }

    private let template: OpaquePointer?

    /// A key of any length, an empty one included.
    public init(_ key: Bytes) {
        let template = unsafe EVP_MAC_CTX_new(Self.algorithm.raw)
        let done = unsafe key.withUnsafeBytes { key in
            // An empty key must not be null, which would mean "the key of before".
            let start = unsafe key.baseAddress ?? UnsafeRawPointer(bitPattern: 1)
            return unsafe hg_hmac_sha256_init(template, start, key.count)
        }
        // Only a broken installation or an exhausted memory leads here; nobody outside can.
        precondition(done == 1, "OpenSSL lacks HMAC-SHA256")
        unsafe self.template = template
    }

    deinit { unsafe EVP_MAC_CTX_free(template) }

    /// The 32 bytes that authenticate a message made of the given pieces, one after the other.
    public func code(for pieces: Bytes...) -> Bytes { code(for: pieces) }

    /// The 32 bytes that authenticate a message made of the given pieces, one after the other.
    public func code(for pieces: [Bytes]) -> Bytes {
        let context = unsafe EVP_MAC_CTX_dup(template)
        defer { unsafe EVP_MAC_CTX_free(context) }
        var done = unsafe context != nil
        for piece in pieces {
            unsafe piece.withUnsafeBytes { bytes in
                done =
                    unsafe done
                    && EVP_MAC_update(context, bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count) == 1
            }
        }
        let code = unsafe [UInt8](unsafeUninitializedCapacity: 32) { buffer, initialized in
            done = unsafe done && EVP_MAC_final(context, buffer.baseAddress, &initialized, buffer.count) == 1
            if !done { initialized = 0 }
        }
        precondition(done && code.count == 32, "OpenSSL does not authenticate")
        return Bytes(code)
    }

    /// Whether a code authenticates a message; it takes as long for a nearly right code as for a wrong one.
    public func verifies(_ code: Bytes, for pieces: Bytes...) -> Bool {
        ConstantTime.equal(code, self.code(for: pieces))
    }
}
