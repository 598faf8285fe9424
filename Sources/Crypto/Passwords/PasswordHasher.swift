public import Base

/// Hashes passwords with argon2id, and compares with what was hashed before, bcrypt of other systems included.
///
/// Each call keeps a thread busy for tens of milliseconds: never call it on an event loop.
public struct PasswordHasher: Sendable {
    /// What hashing costs from now on; older hashes keep their own cost.
    public let cost: Argon2Cost

    /// The longest password, in bytes.
    public static let passwordBytesMax = 1024
    static let saltBytes = 16
    static let hashBytes = 32

    /// A hasher that makes hashes at a cost.
    public init(cost: Argon2Cost = .standard) { self.cost = cost }

    /// The string to keep for a password.
    public func hash(_ password: Secret) throws(PasswordError) -> String {
        try check(password)
        return try Argon2Hash.compute(
            password.reveal(), cost: cost, salt: SecureRandom.bytes(Self.saltBytes), hashBytes: Self.hashBytes
        ).text
    }

    /// Whether a password is the one whose string was kept; takes as long for a nearly right one.
    ///
    /// A string of too high a cost is refused before any work is done.
    public func verify(_ password: Secret, against stored: String) throws(PasswordError) -> Bool {
        try check(password)
        if stored.hasPrefix("$2") { return try BcryptHash(stored).matches(password.reveal()) }
        let stored = try Argon2Hash(stored)
        let computed = try Argon2Hash.compute(
            password.reveal(), cost: stored.cost, salt: stored.salt, hashBytes: stored.hash.count)
        return ConstantTime.equal(computed.hash, stored.hash)
    }

    /// Does the work of comparing for a user who is not there, so that the time does not tell.
    public func decline(_ password: Secret) throws(PasswordError) {
        try check(password)
        _ = try Argon2Hash.compute(
            password.reveal(), cost: cost, salt: Bytes([UInt8](repeating: 0, count: Self.saltBytes)),
            hashBytes: Self.hashBytes)
    }

    /// Whether a string should be replaced at the next login: not argon2id, or cheaper than hashes now are.
    public func needsRehash(_ stored: String) -> Bool {
        let hash: Argon2Hash
        do {
            hash = try Argon2Hash(stored)
        } catch {
            // Whatever it is, it is not what is made now.
            return true
        }
        return !hash.cost.isAtLeast(cost) || hash.salt.count < Self.saltBytes
            || hash.hash.count < Self.hashBytes
    }

    private func check(_ password: Secret) throws(PasswordError) {
        guard password.count <= Self.passwordBytesMax else {
            throw .tooLong(bytesMax: Self.passwordBytesMax)
        }
    }
}
