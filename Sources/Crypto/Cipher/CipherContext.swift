import Base
import COpenSSL

/// AES-256-GCM under one key, whose schedule is made once.
// SAFETY: nothing but this value holds the handle, and it has one owner at a time.
@safe struct CipherContext: ~Copyable, @unchecked Sendable {
    // SAFETY: fetched once, never changed after, never freed.
    @safe private struct Algorithm: @unchecked Sendable {
        let raw: OpaquePointer?
        init() { unsafe raw = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil) }
    }

    private static let algorithm = Algorithm()

    private let raw: OpaquePointer?

    /// A context for a key of 32 bytes.
    init(key: Secret) {
        precondition(key.count == AESGCM.keyBytes, "a key of AES-256 has 32 bytes")
        let raw = unsafe EVP_CIPHER_CTX_new()
        let done = unsafe key.reveal().withUnsafeBytes { key in
            unsafe EVP_CipherInit_ex2(
                raw, Self.algorithm.raw, key.bindMemory(to: UInt8.self).baseAddress, nil, 1, nil)
        }
        // Only a broken installation or an exhausted memory leads here; nobody outside can.
        precondition(done == 1, "OpenSSL lacks AES-256-GCM")
        unsafe self.raw = raw
    }

    deinit { unsafe EVP_CIPHER_CTX_free(raw) }

    /// Begins a message under a nonce of 12 bytes.
    mutating func begin(isSealing: Bool, nonce: UnsafePointer<UInt8>) -> Bool {
        unsafe EVP_CipherInit_ex2(raw, nil, nil, nonce, isSealing ? 1 : 0, nil) == 1
    }

    /// Takes what is authenticated but not encrypted.
    mutating func authenticate(_ bytes: UnsafeRawBufferPointer) -> Bool {
        guard let start = unsafe bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count > 0 else {
            return true
        }
        var count: CInt = 0
        return unsafe EVP_CipherUpdate(raw, nil, &count, start, CInt(bytes.count)) == 1
    }

    /// Encrypts or decrypts the whole message; one of no bytes needs no target.
    mutating func transform(_ bytes: UnsafeRawBufferPointer, into target: UnsafeMutablePointer<UInt8>?)
        -> Bool
    {
        guard let start = unsafe bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count > 0 else {
            return true
        }
        var count: CInt = 0
        return unsafe EVP_CipherUpdate(raw, target, &count, start, CInt(bytes.count)) == 1
            && Int(count) == bytes.count
    }

    /// Ends a message that was sealed, and writes its 16 bytes of tag.
    mutating func finish(tag: UnsafeMutablePointer<UInt8>) -> Bool {
        var count: CInt = 0
        // The mode is a stream, so that nothing is left to write; a place for it has to be given all the same.
        return unsafe EVP_CipherFinal_ex(raw, tag, &count) == 1
            && EVP_CIPHER_CTX_ctrl(raw, EVP_CTRL_AEAD_GET_TAG, CInt(AESGCM.tagBytes), tag) == 1
    }

    /// Ends a message that was opened; whether the tag of 16 bytes is the one it must have.
    mutating func finish(matching tag: UnsafePointer<UInt8>) -> Bool {
        var count: CInt = 0
        var nothing: UInt8 = 0
        return unsafe EVP_CIPHER_CTX_ctrl(
            raw, EVP_CTRL_AEAD_SET_TAG, CInt(AESGCM.tagBytes), UnsafeMutableRawPointer(mutating: tag)) == 1
            && EVP_CipherFinal_ex(raw, &nothing, &count) == 1
    }
}
