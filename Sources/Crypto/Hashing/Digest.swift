import COpenSSL

/// A hash function that is under way, by OpenSSL.
@safe struct Digest: ~Copyable {
    /// A hash function, looked up once: each look-up by name costs more than hashing a short message.
    // SAFETY: fetched once, never changed after, never freed.
    @safe struct Algorithm: @unchecked Sendable {
        fileprivate let raw: OpaquePointer?
        let count: Int

        init(_ name: String, count: Int) {
            unsafe raw = EVP_MD_fetch(nil, name, nil)
            self.count = count
        }

        static let sha1 = Algorithm("SHA1", count: 20)
        static let sha256 = Algorithm("SHA256", count: 32)
    }

    private let context: OpaquePointer?
    private let algorithm: Algorithm

    init(_ algorithm: Algorithm) {
        unsafe context = EVP_MD_CTX_new()
        self.algorithm = algorithm
        let begun = unsafe EVP_DigestInit_ex2(context, algorithm.raw, nil)
        // Only a broken installation or an exhausted memory leads here; nobody outside can.
        precondition(begun == 1, "OpenSSL lacks a hash function")
    }

    deinit { unsafe EVP_MD_CTX_free(context) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        let done = unsafe EVP_DigestUpdate(context, bytes.baseAddress, bytes.count)
        precondition(done == 1, "OpenSSL does not hash")
    }

    consuming func finish() -> [UInt8] {
        unsafe [UInt8](unsafeUninitializedCapacity: algorithm.count) { buffer, initialized in
            var count: CUnsignedInt = 0
            let done = unsafe EVP_DigestFinal_ex(context, buffer.baseAddress, &count)
            precondition(done == 1, "OpenSSL does not hash")
            initialized = Int(count)
        }
    }
}
