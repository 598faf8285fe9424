public import Base
import COpenSSL
import Synchronization

/// A key for AES-256-GCM: what it seals can neither be read nor be changed without it.
///
/// Nonces are random, 96 bits: replace a key before it has sealed 2^32 messages.
public final class AESGCM: Sendable {
    /// How long a key is.
    public static let keyBytes = 32
    /// How long a nonce is.
    public static let nonceBytes = 12
    /// How long a tag is.
    public static let tagBytes = 16
    /// What sealing adds to a message.
    public static let overheadBytes = nonceBytes + tagBytes
    /// The longest message, and the longest text that is authenticated with it.
    public static let messageBytesMax = 1 << 30

    private let key: Secret
    private let idle = Mutex(Shelf())

    /// A cipher under a key of 32 bytes.
    public init(key: Secret) throws(CipherError) {
        guard key.count == Self.keyBytes else { throw .keyLength }
        self.key = key
    }

    /// Encrypts a message: the header as it is, a fresh nonce, the ciphertext, and the tag.
    ///
    /// Header and context are authenticated; the context is not part of the result, and whoever opens it has to
    /// give the same.
    public func seal(
        _ message: Bytes, header: Bytes = Bytes(), context: Bytes = Bytes()
    ) throws(CipherError) -> Bytes {
        try seal(message, nonce: SecureRandom.bytes(Self.nonceBytes), header: header, context: context)
    }

    /// Decrypts what `seal` made with as long a header and the same context.
    public func open(
        _ sealed: Bytes, headerBytes: Int = 0, context: Bytes = Bytes()
    ) throws(CipherError) -> Bytes {
        let count = sealed.count - headerBytes - Self.overheadBytes
        guard count >= 0, count <= Self.messageBytesMax, context.count <= Self.messageBytesMax,
            (0...Self.messageBytesMax).contains(headerBytes)
        else { throw .notAuthentic }
        var isAuthentic = false
        let message = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            isAuthentic = withContext { cipher in
                unsafe sealed.withUnsafeBytes { sealed in
                    unsafe context.withUnsafeBytes { context in
                        unsafe Self.open(&cipher, sealed, headerBytes, context, into: target)
                    }
                }
            }
            // What was decrypted before the tag turned out wrong must not be seen by anybody.
            if isAuthentic { initialized = count } else { unsafe OPENSSL_cleanse(target.baseAddress, count) }
        }
        guard isAuthentic else { throw .notAuthentic }
        return Bytes(message)
    }

    /// The same under a nonce that the caller answers for: used twice, it gives the key's secrets away.
    package func seal(
        _ message: Bytes, nonce: Bytes, header: Bytes, context: Bytes
    ) throws(CipherError) -> Bytes {
        guard max(message.count, header.count, context.count) <= Self.messageBytesMax else { throw .tooLong }
        precondition(nonce.count == Self.nonceBytes, "a nonce has 12 bytes")
        let count = header.count + message.count + Self.overheadBytes
        let sealed = unsafe [UInt8](unsafeUninitializedCapacity: count) { target, initialized in
            for (index, byte) in header.enumerated() { unsafe target[index] = byte }
            for (index, byte) in nonce.enumerated() { unsafe target[header.count + index] = byte }
            let done = withContext { cipher in
                unsafe message.withUnsafeBytes { message in
                    unsafe context.withUnsafeBytes { context in
                        unsafe Self.seal(&cipher, message, header.count, context, into: target)
                    }
                }
            }
            // Nothing outside leads here: lengths are held above, and memory was there for the context.
            precondition(done, "OpenSSL does not encrypt")
            initialized = count
        }
        return Bytes(sealed)
    }

    /// `target` holds header and nonce already.
    private static func seal(
        _ cipher: inout CipherContext, _ message: UnsafeRawBufferPointer, _ headerCount: Int,
        _ context: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        guard let start = target.baseAddress else { return false }
        let nonce = unsafe start + headerCount
        let body = unsafe nonce + nonceBytes
        return unsafe cipher.begin(isSealing: true, nonce: nonce)
            && cipher.authenticate(UnsafeRawBufferPointer(start: start, count: headerCount))
            && cipher.authenticate(context) && cipher.transform(message, into: body)
            && cipher.finish(tag: body + message.count)
    }

    private static func open(
        _ cipher: inout CipherContext, _ sealed: UnsafeRawBufferPointer, _ headerCount: Int,
        _ context: UnsafeRawBufferPointer, into target: UnsafeMutableBufferPointer<UInt8>
    ) -> Bool {
        guard let start = unsafe sealed.bindMemory(to: UInt8.self).baseAddress else { return false }
        let count = sealed.count - headerCount - overheadBytes
        let nonce = unsafe start + headerCount
        let body = unsafe nonce + nonceBytes
        guard
            unsafe cipher.begin(isSealing: false, nonce: nonce)
                && cipher.authenticate(UnsafeRawBufferPointer(start: start, count: headerCount))
                && cipher.authenticate(context)
                && cipher.transform(
                    UnsafeRawBufferPointer(start: body, count: count), into: target.baseAddress)
        else { return false }
        return unsafe cipher.finish(matching: body + count)
    }

    /// Lends a context that nobody else uses meanwhile.
    private func withContext(_ body: (inout CipherContext) -> Bool) -> Bool {
        var cipher: CipherContext
        if let kept = idle.withLock({ $0.take() }) {
            cipher = kept
        } else {
            cipher = CipherContext(key: key)
        }
        let result = body(&cipher)
        var back: CipherContext? = consume cipher
        idle.withLock { $0.put(&back) }
        // Queued errors would be taken for those of the next call on this thread.
        if !result { OpenSSLErrors.clear() }
        return result
    }

    /// As many idle contexts as threads are likely to use one key at once; those beyond are freed after use.
    private struct Shelf: ~Copyable, Sendable {
        private var places = InlineArray<4, CipherContext?> { _ in nil }
        private var count = 0

        mutating func take() -> CipherContext? {
            guard count > 0 else { return nil }
            count -= 1
            return places[count].take()
        }

        mutating func put(_ context: inout CipherContext?) {
            guard count < 4 else { return }
            places[count] = context.take()
            count += 1
        }
    }
}
