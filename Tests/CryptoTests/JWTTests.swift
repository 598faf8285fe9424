import Base
import Testing
import Wire

@testable import Crypto

@Suite struct JWTTests {
    static let now = Timestamp(seconds: 1_800_000_000)
    let clock = ManualClock(now)
    static let secret = Secret(Bytes([UInt8](0..<32)))

    private static func hmacKey(_ id: String = "k1", _ secret: Secret = secret) throws -> JWTKey {
        try #require(JWTKey(id: id, hs256: secret))
    }

    private static func edKey(_ id: String = "e1") throws -> JWTKey {
        let key = try #require(Ed25519PrivateKey(seed: secret))
        return try #require(JWTKey(id: id, ed25519: key))
    }

    private func ring(_ current: JWTKey, _ previous: [JWTKey] = []) throws -> JWTKeyRing {
        try #require(JWTKeyRing(current: current, previous: previous))
    }

    private func verifier(_ keys: JWTKeyRing? = nil) throws -> JWTVerifier {
        let keys = try keys ?? ring(Self.hmacKey(), [Self.edKey()])
        return JWTVerifier(keys, issuer: "heliograph", audience: "api", clocks: clock.clocks)
    }

    private static let claims = JWTClaims(
        issuer: "heliograph", audience: ["api"], subject: "user:7", expiresAt: now + .seconds(900),
        notBefore: now, issuedAt: now, id: "j1", others: ["role": "admin", "n": [1, 2.5, nil]])

    /// A token of any header and payload, signed by the key as if it were one of ours.
    private func token(_ header: String, _ payload: String, _ key: JWTKey) throws -> Bytes {
        let signed = Base64.url.encode(Bytes(header)) + "." + Base64.url.encode(Bytes(payload))
        return Bytes(signed + "." + Base64.url.encode(try #require(key.sign(Bytes(signed)))))
    }

    private static let goodHeader = #"{"alg":"HS256","kid":"k1"}"#
    private static let goodPayload =
        #"{"iss":"heliograph","aud":"api","exp":1800000900}"#

    // RFC 7515, A.1.
    @Test func `HS256 of the RFC's example`() throws {
        let secret = try #require(
            Base64.url.decode(
                "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow"))
        let form = try JWTForm(
            """
            eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFt\
            cGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk
            """)
        #expect(try Self.hmacKey("k", Secret(secret)).verifies(form.signature, for: form.signed))
        let claims = try JWTClaims(JWTForm.object(form.payload, JSONParser()).root)
        #expect(claims.issuer == "joe")
        #expect(claims.expiresAt == Timestamp(seconds: 1_300_819_380))
        #expect(claims.others == ["http://example.com/is_root": true])
    }

    // RFC 8037, A.4 and A.5.
    @Test func `EdDSA of the RFC's example`() throws {
        let seed = try #require(Base64.url.decode("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"))
        let key = try #require(Ed25519PrivateKey(seed: Secret(seed)))
        #expect(Base64.url.encode(key.publicKey.raw) == "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo")
        let signed: Bytes = "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc"
        let signature = key.sign(signed)
        #expect(
            Base64.url.encode(signature)
                == "hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg")
        #expect(key.publicKey.verifies(signature, for: signed))
        #expect(!key.publicKey.verifies(signature, for: signed + "x"))
    }

    @Test func `a token says what was signed, with either algorithm`() throws {
        for key in try [Self.hmacKey(), Self.edKey()] {
            let keys = try ring(key)
            let token = try #require(keys.sign(Self.claims))
            #expect(try verifier(keys).verify(token) == Self.claims)
        }
    }

    @Test func `a token with any byte changed is refused`() throws {
        let verifier = try verifier()
        let token = try #require(ring(Self.hmacKey()).sign(Self.claims))
        for index in 0..<token.count {
            for mask in [1, 2, 0x20, 0x80] as [UInt8] {
                var altered = token.array
                altered[index] ^= mask
                #expect(throws: JWTError.self) { try verifier.verify(Bytes(altered)) }
            }
        }
        for count in 0..<token.count {
            #expect(throws: JWTError.self) { try verifier.verify(token[0..<count]) }
        }
    }

    @Test(arguments: [
        (#"{"alg":"none","kid":"k1"}"#, JWTError.wrongAlgorithm),
        (#"{"alg":"None","kid":"k1"}"#, .wrongAlgorithm),
        (#"{"alg":"","kid":"k1"}"#, .wrongAlgorithm), (#"{"alg":"HS512","kid":"k1"}"#, .wrongAlgorithm),
        (#"{"alg":"hs256","kid":"k1"}"#, .wrongAlgorithm), (#"{"alg":"EdDSA","kid":"k1"}"#, .wrongAlgorithm),
        (#"{"alg":"HS256","kid":"e1"}"#, .wrongAlgorithm), (#"{"alg":"HS256","kid":"k2"}"#, .unknownKey),
        (#"{"alg":"HS256"}"#, .unknownKey), (#"{"alg":"HS256","kid":7}"#, .unknownKey),
        (#"{"alg":"HS256","kid":"../../etc/passwd"}"#, .unknownKey), (#"{"kid":"k1"}"#, .malformed),
        (#"{"alg":["HS256"],"kid":"k1"}"#, .malformed),
        (#"{"alg":"HS256","alg":"none","kid":"k1"}"#, .malformed),
        (#"{"alg":"none","\u0061lg":"HS256","kid":"k1"}"#, .malformed),
        (#"{"alg":"HS256","kid":"k1","kid":"e1"}"#, .malformed), (#"["HS256"]"#, .malformed),
        ("null", .malformed),
        (#"{"alg":"HS256","kid":"k1""#, .malformed), (#"{"alg":"HS256","kid":"k1"}x"#, .malformed),
        (#"{"alg":"HS256","kid":"k1","crit":["exp"],"exp":1}"#, .unsupportedHeader),
        (#"{"alg":"HS256","kid":"k1","crit":[]}"#, .unsupportedHeader),
        (#"{"alg":"HS256","kid":"k1","b64":false}"#, .unsupportedHeader),
        (#"{"alg":"HS256","kid":"k1","typ":"refresh"}"#, .unsupportedHeader),
        (#"{"alg":"HS256","kid":"k1","typ":null}"#, .unsupportedHeader),
        (#"{"alg":"HS256","kid":"k1","x":[[[[[[[[[[1]]]]]]]]]]}"#, .malformed),
    ])
    func `a header that is not ours is refused, though the signature holds`(header: String, error: JWTError)
        throws
    {
        let token = try token(header, Self.goodPayload, Self.hmacKey())
        #expect(throws: error) { try verifier().verify(token) }
    }

    @Test func `a header in another form is read`() throws {
        for header in [
            Self.goodHeader, #" { "kid":"k1" , "typ":"jwt", "alg":"HS256", "jku":"http://evil" } "#,
        ] {
            let token = try token(header, Self.goodPayload, Self.hmacKey())
            #expect(try verifier().verify(token).issuer == "heliograph")
        }
    }

    @Test func `a public key is no secret of HMAC`() throws {
        let key = try Self.edKey()
        let publicKey = try #require(Ed25519PrivateKey(seed: Self.secret)).publicKey
        let forger = try Self.hmacKey("e1", Secret(publicKey.raw))
        let keys = try ring(key)
        #expect(throws: JWTError.wrongAlgorithm) {
            try verifier(keys).verify(token(#"{"alg":"HS256","kid":"e1"}"#, Self.goodPayload, forger))
        }
        #expect(throws: JWTError.badSignature) {
            try verifier(keys).verify(token(#"{"alg":"EdDSA","kid":"e1"}"#, Self.goodPayload, forger))
        }
    }

    @Test(arguments: [
        "", ".", "..", "...", "a", "a.b", "a.b.c.d", ".e30.AA", "e30..AA", "e30.e30.", "e30=.e30=.AA==",
        "e30 .e30.AA", "e30.e30.A", "e31.e30.AA", "e30.e30.AB\n", "é.e30.AA",
    ])
    func `what is no token is refused`(text: String) throws {
        #expect(throws: JWTError.self) { try verifier().verify(Bytes(text)) }
    }

    @Test func `stray bits in base64url are refused`() throws {
        let token = try token(Self.goodHeader, Self.goodPayload, Self.hmacKey())
        // 32 bytes of signature leave four bits over in the last digit.
        let last = try #require(token.last)
        let next = last == UInt8(ascii: "z") ? UInt8(ascii: "y") : last + 1
        #expect(throws: JWTError.malformed) { try verifier().verify(Bytes(token.array.dropLast() + [next])) }
        #expect(throws: JWTError.malformed) {
            try verifier().verify(Bytes(token.array + [UInt8(ascii: "=")]))
        }
    }

    @Test func `a payload that is not UTF-8 is refused`() throws {
        let payload = Bytes(Array(#"{"sub":""#.utf8) + [0xff] + Array(#""}"#.utf8))
        let signed = Base64.url.encode(Bytes(Self.goodHeader)) + "." + Base64.url.encode(payload)
        let signature = try #require(Self.hmacKey().sign(Bytes(signed)))
        #expect(throws: JWTError.malformed) {
            try verifier().verify(Bytes(signed + "." + Base64.url.encode(signature)))
        }
    }

    @Test func `a token over 8 KiB is neither read nor made`() throws {
        let long = String(repeating: "x", count: 8192)
        #expect(throws: JWTError.tooLarge) {
            try verifier().verify(token(Self.goodHeader, #"{"sub":"\#(long)"}"#, Self.hmacKey()))
        }
        #expect(try ring(Self.hmacKey()).sign(JWTClaims(subject: long)) == nil)
    }

    @Test(arguments: [
        (#"{"iss":"heliograph","aud":"api"}"#, JWTError.badClaims),
        (#"{"iss":"heliograph","aud":"api","exp":"1800000900"}"#, .badClaims),
        (#"{"iss":"heliograph","aud":"api","exp":-1}"#, .badClaims),
        (#"{"iss":"heliograph","aud":"api","exp":1e300}"#, .badClaims),
        (#"{"iss":"heliograph","aud":"api","exp":253402300800}"#, .badClaims),
        (#"{"iss":"heliograph","aud":"api","exp":18446744073709551615}"#, .badClaims),
        (#"{"iss":"heliograph","aud":"api","exp":null}"#, .badClaims),
        (#"{"iss":"heliograph","aud":"api","exp":1799999970}"#, .expired),
        (#"{"iss":"heliograph","aud":"api","exp":0}"#, .expired),
        (#"{"iss":"heliograph","aud":"api","exp":1800000900,"nbf":1800000031}"#, .notYetValid),
        (#"{"iss":"heliograph","aud":"api","exp":1800000900,"iat":1800000031}"#, .notYetValid),
        (#"{"iss":"heliograph","aud":"api","exp":1800000900,"nbf":true}"#, .badClaims),
        (#"{"aud":"api","exp":1800000900}"#, .wrongIssuer),
        (#"{"iss":"other","aud":"api","exp":1800000900}"#, .wrongIssuer),
        (#"{"iss":["heliograph"],"aud":"api","exp":1800000900}"#, .badClaims),
        (#"{"iss":"heliograph","exp":1800000900}"#, .wrongAudience),
        (#"{"iss":"heliograph","aud":"api2","exp":1800000900}"#, .wrongAudience),
        (#"{"iss":"heliograph","aud":[],"exp":1800000900}"#, .wrongAudience),
        (#"{"iss":"heliograph","aud":["api",1],"exp":1800000900}"#, .badClaims),
        (#"{"iss":"heliograph","aud":"api","exp":1800000900,"sub":7}"#, .badClaims),
        (#"{"iss":"heliograph","aud":"api","exp":1800000900,"jti":null}"#, .badClaims),
        (#"{"iss":"heliograph","aud":"api","exp":1800000900,"exp":1900000000}"#, .malformed),
        ("[]", .malformed), ("", .malformed),
    ])
    func `claims that do not hold are refused`(payload: String, error: JWTError) throws {
        let token = try token(Self.goodHeader, payload, Self.hmacKey())
        #expect(throws: error) { try verifier().verify(token) }
    }

    @Test(arguments: [
        #"{"iss":"heliograph","aud":"api","exp":1799999971}"#,
        #"{"iss":"heliograph","aud":"api","exp":1800000000.5}"#,
        #"{"iss":"heliograph","aud":["x","api"],"exp":1800000900,"nbf":1800000030,"iat":1800000030}"#,
    ])
    func `clocks may be half a minute apart`(payload: String) throws {
        let token = try token(Self.goodHeader, payload, Self.hmacKey())
        #expect(try verifier().verify(token).issuer == "heliograph")
    }

    @Test func `after a rotation old tokens hold until they end, and not longer`() throws {
        let old = try ring(Self.hmacKey())
        let oldToken = try #require(old.sign(Self.claims))
        let new = try #require(old.rotated(to: Self.edKey(), now: clock.now, lifetimeMax: .seconds(900)))
        let newToken = try #require(new.sign(Self.claims))
        #expect(new.previous.map(\.id) == ["k1"])
        for token in [oldToken, newToken] { #expect(try verifier(new).verify(token) == Self.claims) }
        #expect(throws: JWTError.unknownKey) { try verifier(old).verify(newToken) }
        clock.advance(by: .seconds(931))
        // Whoever holds the old key cannot make tokens that last.
        var forged = Self.claims
        forged.expiresAt = clock.now + .seconds(900)
        let late = try #require(old.sign(forged))
        #expect(throws: JWTError.unknownKey) { try verifier(new).verify(late) }
        let third = try #require(
            new.rotated(to: Self.hmacKey("k3"), now: clock.now, lifetimeMax: .seconds(900)))
        #expect(third.previous.map(\.id) == ["e1"])
    }

    @Test func `weak keys, doubled names and keys that cannot sign make no ring`() throws {
        #expect(JWTKey(id: "a", hs256: Secret(Bytes([UInt8](repeating: 1, count: 31)))) == nil)
        #expect(JWTKey(id: "", hs256: Self.secret) == nil)
        #expect(JWTKey(id: String(repeating: "a", count: 129), hs256: Self.secret) == nil)
        #expect(try JWTKeyRing(current: Self.hmacKey("a"), previous: [Self.edKey("a")]) == nil)
        let publicKey = try #require(Ed25519PrivateKey(seed: Self.secret)).publicKey
        let verifying = try #require(JWTKey(id: "p", ed25519: publicKey))
        #expect(JWTKeyRing(current: verifying) == nil)
        #expect(JWTKeyRing(current: try Self.hmacKey(), previous: [verifying]) != nil)
        #expect(Ed25519PrivateKey(seed: Secret("short")) == nil)
        #expect(Ed25519PublicKey("short") == nil)
    }
}

private func + (left: Bytes, right: String) -> Bytes { Bytes(left.array + Array(right.utf8)) }
