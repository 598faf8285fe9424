public import Base

/// SHA-256, all at once or piece by piece.
public struct SHA256: ~Copyable {
    private var digest = Digest(.sha256)

    /// Begins a hash.
    public init() {}

    /// Takes the next piece.
    public mutating func update(_ bytes: RawSpan) {
        unsafe bytes.withUnsafeBytes { unsafe digest.update($0) }
    }

    /// Takes the next piece.
    public mutating func update(_ bytes: Bytes) {
        unsafe bytes.withUnsafeBytes { unsafe digest.update($0) }
    }

    /// The 32 bytes of the hash.
    public consuming func finish() -> Bytes { Bytes(digest.finish()) }

    /// The 32 bytes of the hash of one message.
    public static func hash(_ bytes: Bytes) -> Bytes {
        var hash = SHA256()
        hash.update(bytes)
        return hash.finish()
    }
}

/// SHA-1, for the WebSocket handshake alone: it is broken as a signature.
public enum SHA1 {
    /// The 20 bytes of the hash of one message.
    public static func hash(_ bytes: Bytes) -> Bytes {
        var digest = Digest(.sha1)
        unsafe bytes.withUnsafeBytes { unsafe digest.update($0) }
        return Bytes(digest.finish())
    }
}
