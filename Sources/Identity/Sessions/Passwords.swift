import Base
package import Crypto
import HTTPServer
package import Reactor
import Wire

/// Hashes and compares passwords and the secrets of keys, on threads of their own and only so many at once.
package final class Passwords: Sendable {
    private let pool: BlockingPool
    private let hasher: PasswordHasher
    /// Secrets of keys are 256 random bits: nobody guesses those, so their hashes need not be slow.
    private let keyHasher: PasswordHasher

    /// The shortest password of a user.
    static let bytesMin = 10

    /// Hashes on a pool; the costs are for tests.
    package init(
        pool: BlockingPool, cost: Argon2Cost = .standard,
        keyCost: Argon2Cost = Argon2Cost(memoryKiB: 1024, passes: 1, lanes: 1) ?? .standard
    ) {
        self.pool = pool
        hasher = PasswordHasher(cost: cost)
        keyHasher = PasswordHasher(cost: keyCost)
    }

    /// The hash of a new password.
    func hash(_ password: Secret) async throws -> String {
        guard password.count >= Self.bytesMin else {
            throw APIError.invalid("password", "at least \(Self.bytesMin) bytes")
        }
        let hasher = hasher
        return try await run { try hasher.hash(password) }
    }

    /// Whether a password is right; takes as long where there is none to compare with.
    ///
    /// With it comes a new hash, where the stored one is of another kind or cheaper than those of now.
    func check(_ password: Secret, against stored: String?) async throws -> (isRight: Bool, newHash: String?)
    {
        let hasher = hasher
        return try await run {
            guard let stored else {
                try hasher.decline(password)
                return (false, nil)
            }
            guard try hasher.verify(password, against: stored) else { return (false, nil) }
            return (true, hasher.needsRehash(stored) ? try hasher.hash(password) : nil)
        }
    }

    func hashKey(_ secret: Secret) async throws -> String {
        let hasher = keyHasher
        return try await run { try hasher.hash(secret) }
    }

    /// The same for the secret of a key.
    func checkKey(_ secret: Secret, against stored: String?) async throws -> Bool {
        let hasher = keyHasher
        return try await run {
            guard let stored else {
                try hasher.decline(secret)
                return false
            }
            return try hasher.verify(secret, against: stored)
        }
    }

    private func run<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
        do {
            return try await pool.run(work)
        } catch is BlockingPoolFull {
            throw APIError(
                .unavailable, "Too many sign-ins at once", details: ["retryAfter": .integer(1)],
                fields: ["retry-after": "1"])
        } catch PasswordError.tooLong(let max) {
            throw APIError.invalid("password", "at most \(max) bytes")
        } catch PasswordError.unsuitable {
            throw APIError.invalid("password", "must not hold a zero byte")
        }
    }
}
