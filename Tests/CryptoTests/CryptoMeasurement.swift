import Base
import Crypto
import Foundation
import Testing
import Wire

/// How long the cryptography of a request takes; off by default.
///
/// `HELIOGRAPH_MEASURE=1 swift test -c release -Xswiftc -enable-testing --filter CryptoMeasurement`
@Suite(.enabled(if: ProcessInfo.processInfo.environment["HELIOGRAPH_MEASURE"] == "1"), .serialized)
struct CryptoMeasurement {
    /// The best of many rounds: on a shared machine the others measure the neighbours.
    private func measure(_ name: String, count: Int = 2000, rounds: Int = 20, _ body: () throws -> Int)
        rethrows
    {
        let clock = ContinuousClock()
        var best = Duration.seconds(1_000_000)
        var sum = 0
        for _ in 0..<rounds {
            let start = clock.now
            for _ in 0..<count { sum &+= try body() }
            best = min(best, clock.now - start)
        }
        let seconds = best / .seconds(1) / Double(count)
        print("\(name): \(Int(1 / seconds)) a second, \(Int(seconds * 1e9)) ns (\(sum & 1))")
    }

    @Test func `a hundred bytes are sealed and opened`() throws {
        let cipher = try AESGCM(key: Secret(SecureRandom.bytes(32)))
        let plain = SecureRandom.bytes(100)
        let sealed = try cipher.seal(plain, header: "v0001", context: "bots.token.7")
        try measure("seal 100 bytes") {
            try cipher.seal(plain, header: "v0001", context: "bots.token.7").count
        }
        try measure("open 100 bytes") {
            try cipher.open(sealed, headerBytes: 5, context: "bots.token.7").count
        }
    }

    @Test func `tokens are signed and verified`() throws {
        let secret = Secret(SecureRandom.bytes(32))
        let hmac = try #require(JWTKey(id: "k1", hs256: secret))
        let seed = try #require(Ed25519PrivateKey(seed: secret))
        let ed = try #require(JWTKey(id: "e1", ed25519: seed))
        let now = Clocks.system.now
        let claims = JWTClaims(
            issuer: "heliograph", audience: ["api"], subject: "user:7", expiresAt: now + .seconds(900),
            issuedAt: now, id: "0123456789abcdef", others: ["role": "admin", "sid": "0123456789abcdef"])
        let parser = JSONParser()
        for key in [hmac, ed] {
            let name = key.algorithm.rawValue
            let keys = try #require(JWTKeyRing(current: key))
            let verifier = JWTVerifier(keys, issuer: "heliograph", audience: "api")
            let token = try #require(keys.sign(claims))
            try measure("JWT \(name) verify, \(token.count) bytes") {
                try verifier.verify(token).audience.count
            }
            try measure("JWT \(name) verify, kept parser") {
                try verifier.verify(token, with: parser).audience.count
            }
            measure("JWT \(name) sign") { keys.sign(claims)?.count ?? 0 }
        }
    }

    @Test func `a request's signature is verified`() throws {
        let key = HMACKey("0123456789abcdef0123456789abcdef")
        let hash = SHA256.hash("")
        let request = try SignedRequest(
            method: "POST", path: "/api/v1/messages", query: "a=b", bodyHash: hash, timestamp: 1_800_000_000,
            nonce: "Zm9vYmFyYmF6cXV4")
        let signature = request.sign(with: key)
        let now = Timestamp(seconds: 1_800_000_000)
        try measure("request signature verify") {
            try request.verify(signature, with: key, now: now)
            return 1
        }
    }

    @Test func `passwords are hashed`() throws {
        let hasher = PasswordHasher()
        let stored = try hasher.hash(Secret("correct horse"))
        try measure("argon2id verify, 19 MiB, 2 passes", count: 5, rounds: 8) {
            try hasher.verify(Secret("correct horse"), against: stored) ? 1 : 0
        }
        let bcrypt = "$2b$12$CCCCCCCCCCCCCCCCCCCCC.E5YPO9kmyuRGyh0XouQYb4YMJKvyOeW"
        try measure("bcrypt verify, cost 12", count: 1, rounds: 4) {
            try hasher.verify(Secret("U*U"), against: bcrypt) ? 1 : 0
        }
    }
}
