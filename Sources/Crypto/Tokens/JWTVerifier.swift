public import Base
public import Wire

/// Decides which tokens are believed: signed by a key of the ring, with that key's algorithm, for us, and now.
public struct JWTVerifier: Sendable {
    /// The keys that are believed.
    public let keys: JWTKeyRing
    /// Who has to have issued a token.
    public let issuer: String
    /// Whom it has to be for.
    public let audience: String
    /// How far the clocks of two machines may be apart.
    public let leeway: Duration
    private let clocks: Clocks

    /// A verifier.
    public init(
        _ keys: JWTKeyRing, issuer: String, audience: String, leeway: Duration = .seconds(30),
        clocks: Clocks = .system
    ) {
        self.keys = keys
        self.issuer = issuer
        self.audience = audience
        self.leeway = leeway
        self.clocks = clocks
    }

    /// The claims of a token that is believed; with a parser of its own.
    public func verify(_ token: Bytes) throws(JWTError) -> JWTClaims {
        try verify(token, with: JSONParser(limits: JWTForm.limits))
    }

    /// The claims of a token that is believed; with a parser that the caller keeps.
    public func verify(_ token: Bytes, with parser: JSONParser) throws(JWTError) -> JWTClaims {
        let form = try JWTForm(token)
        let now = clocks.now
        let key: JWTKey
        // The very header that a key of ours writes says nothing new.
        if let known = keys.key(header: form.header) {
            key = known
        } else {
            key = try self.key(JWTForm.object(form.header, parser).root)
        }
        if let end = key.acceptedUntil, now - leeway >= end { throw .unknownKey }
        guard key.verifies(form.signature, for: form.signed) else { throw .badSignature }
        let claims = try JWTClaims(JWTForm.object(form.payload, parser).root)
        try check(claims, now)
        return claims
    }

    /// The key that a header names.
    ///
    /// Whatever keys the header itself brings (`jwk`, `jku`, `x5c`) are not looked at.
    private func key(_ header: JSONView) throws(JWTError) -> JWTKey {
        guard let algorithm = header["alg"]?.string else { throw .malformed }
        guard header["crit"] == nil, header["b64"] == nil else { throw .unsupportedHeader }
        if let type = header["typ"] {
            guard type.string?.lowercased() == "jwt" else { throw .unsupportedHeader }
        }
        guard let id = header["kid"]?.string, let key = keys.key(id: id) else { throw .unknownKey }
        guard algorithm == key.algorithm.rawValue else { throw .wrongAlgorithm }
        return key
    }

    private func check(_ claims: JWTClaims, _ now: Timestamp) throws(JWTError) {
        guard let end = claims.expiresAt else { throw .badClaims }
        guard now - leeway < end else { throw .expired }
        for start in [claims.notBefore, claims.issuedAt] {
            if let start, now + leeway < start { throw .notYetValid }
        }
        guard claims.issuer == issuer else { throw .wrongIssuer }
        guard claims.audience.contains(audience) else { throw .wrongAudience }
    }
}
