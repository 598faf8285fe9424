public import Base

/// A key that signs or verifies tokens, for one algorithm and no other.
public struct JWTKey: Sendable {
    /// Which algorithm the key is for.
    public enum Algorithm: String, Sendable {
        /// HMAC with SHA-256 (RFC 7518).
        case hs256 = "HS256"
        /// Ed25519 (RFC 8037).
        case edDSA = "EdDSA"
    }

    private enum Material: Sendable {
        case hmac(HMACKey)
        case privateKey(Ed25519PrivateKey)
        case publicKey(Ed25519PublicKey)
    }

    /// The name that a token's `kid` gives.
    public let id: String
    /// Which algorithm it is for.
    public let algorithm: Algorithm
    /// The moment from which it is accepted no more; nil: none is fixed.
    public var acceptedUntil: Timestamp?
    private let material: Material
    /// The header of the tokens that it signs, as it stands in them.
    let header: Bytes

    /// The longest name.
    public static let idBytesMax = 128
    /// The shortest key for HS256, which RFC 7518 asks for.
    public static let secretBytesMin = 32

    /// A key for HS256; nil where it has fewer than 32 bytes or its name is empty or too long.
    public init?(id: String, hs256 secret: Secret) {
        guard secret.count >= Self.secretBytesMin else { return nil }
        self.init(id, .hs256, .hmac(HMACKey(secret.reveal())))
    }

    /// A key for EdDSA that signs and verifies; nil where its name is empty or too long.
    public init?(id: String, ed25519 key: Ed25519PrivateKey) {
        self.init(id, .edDSA, .privateKey(key))
    }

    /// A key for EdDSA that verifies alone; nil where its name is empty or too long.
    public init?(id: String, ed25519 key: Ed25519PublicKey) {
        self.init(id, .edDSA, .publicKey(key))
    }

    private init?(_ id: String, _ algorithm: Algorithm, _ material: Material) {
        guard (1...Self.idBytesMax).contains(id.utf8.count) else { return nil }
        self.id = id
        self.algorithm = algorithm
        self.material = material
        header = JWTForm.header(algorithm: algorithm.rawValue, type: "JWT", keyID: id)
    }

    /// Whether it can sign.
    public var canSign: Bool {
        if case .publicKey = material { return false }
        return true
    }

    /// The signature of a message; nil where the key only verifies.
    func sign(_ message: Bytes) -> Bytes? {
        switch material {
        case .hmac(let key): key.code(for: message)
        case .privateKey(let key): key.sign(message)
        case .publicKey: nil
        }
    }

    func verifies(_ signature: Bytes, for message: Bytes) -> Bool {
        switch material {
        case .hmac(let key): key.verifies(signature, for: message)
        case .privateKey(let key): key.publicKey.verifies(signature, for: message)
        case .publicKey(let key): key.verifies(signature, for: message)
        }
    }
}
