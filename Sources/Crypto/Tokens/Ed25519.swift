public import Base
import COpenSSL

/// A private key for Ed25519 (RFC 8032).
public final class Ed25519PrivateKey: Sendable {
    private let key: PrivateKey
    /// The key that others verify with.
    public let publicKey: Ed25519PublicKey

    /// How long the seed of a key is.
    public static let seedBytes = 32

    /// The key of a seed; nil where that does not have 32 bytes.
    public init?(seed: Secret) {
        guard seed.count == Self.seedBytes else { return nil }
        let handle = unsafe seed.reveal().withUnsafeBytes { seed in
            unsafe EVP_PKEY_new_raw_private_key_ex(
                nil, "ED25519", nil, seed.bindMemory(to: UInt8.self).baseAddress, seed.count)
        }
        var raw = [UInt8](repeating: 0, count: Ed25519PublicKey.keyBytes)
        var count = raw.count
        guard let handle = unsafe handle, unsafe EVP_PKEY_get_raw_public_key(handle, &raw, &count) == 1,
            let publicKey = Ed25519PublicKey(Bytes(raw))
        else { return nil }
        key = unsafe PrivateKey(taking: handle)
        self.publicKey = publicKey
    }

    /// A key that nobody else has.
    public static func random() -> Ed25519PrivateKey? {
        Ed25519PrivateKey(seed: Secret(SecureRandom.bytes(seedBytes)))
    }

    /// The 64 bytes that prove who wrote a message.
    public func sign(_ message: Bytes) -> Bytes {
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        let signature = unsafe [UInt8](unsafeUninitializedCapacity: Ed25519PublicKey.signatureBytes) {
            target, initialized in
            var count = target.count
            let done = unsafe message.withUnsafeBytes { message in
                unsafe EVP_DigestSignInit_ex(context, nil, nil, nil, nil, key.handle, nil) == 1
                    && EVP_DigestSign(
                        context, target.baseAddress, &count,
                        message.bindMemory(to: UInt8.self).baseAddress, message.count) == 1
            }
            initialized = done ? count : 0
        }
        // Only a broken installation or an exhausted memory leads here; nobody outside can.
        precondition(signature.count == Ed25519PublicKey.signatureBytes, "OpenSSL does not sign")
        return Bytes(signature)
    }
}

/// A public key for Ed25519 (RFC 8032).
public final class Ed25519PublicKey: Sendable {
    private let key: PrivateKey
    /// The 32 bytes that are the key.
    public let raw: Bytes

    /// How long a key is.
    public static let keyBytes = 32
    /// How long a signature is.
    public static let signatureBytes = 64

    /// The key of 32 bytes; nil where there are more or fewer.
    public init?(_ raw: Bytes) {
        guard raw.count == Self.keyBytes else { return nil }
        let handle = unsafe raw.withUnsafeBytes { raw in
            unsafe EVP_PKEY_new_raw_public_key_ex(
                nil, "ED25519", nil, raw.bindMemory(to: UInt8.self).baseAddress, raw.count)
        }
        guard let handle = unsafe handle else { return nil }
        key = unsafe PrivateKey(taking: handle)
        self.raw = raw
    }

    /// Whether a signature of 64 bytes proves that the owner of the key wrote a message.
    public func verifies(_ signature: Bytes, for message: Bytes) -> Bool {
        guard signature.count == Self.signatureBytes else { return false }
        let context = unsafe EVP_MD_CTX_new()
        defer { unsafe EVP_MD_CTX_free(context) }
        let done = unsafe message.withUnsafeBytes { message in
            unsafe signature.withUnsafeBytes { signature in
                unsafe EVP_DigestVerifyInit_ex(context, nil, nil, nil, nil, key.handle, nil) == 1
                    && EVP_DigestVerify(
                        context, signature.bindMemory(to: UInt8.self).baseAddress, signature.count,
                        message.bindMemory(to: UInt8.self).baseAddress, message.count) == 1
            }
        }
        // Queued errors would be taken for those of the next call on this thread.
        if !done { OpenSSLErrors.clear() }
        return done
    }
}
