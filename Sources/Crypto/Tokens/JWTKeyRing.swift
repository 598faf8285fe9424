public import Base

/// The key that signs tokens now, and those whose tokens are still out.
public struct JWTKeyRing: Sendable {
    /// What signs.
    public let current: JWTKey
    /// What signed before, the latest first.
    public let previous: [JWTKey]
    private let byID: [String: JWTKey]
    /// The headers that the keys write, so that tokens of our own need no parsing of theirs.
    private let byHeader: [Bytes: JWTKey]

    /// The most keys at once.
    public static let keysMax = 32

    /// A ring; nil where the current key cannot sign, a name stands there twice, or there are more than 32 keys.
    public init?(current: JWTKey, previous: [JWTKey] = []) {
        let keys = [current] + previous
        guard current.canSign, keys.count <= Self.keysMax, Set(keys.map(\.id)).count == keys.count else {
            return nil
        }
        self.current = current
        self.previous = previous
        byID = Dictionary(keys.map { ($0.id, $0) }) { first, _ in first }
        byHeader = Dictionary(keys.map { ($0.header, $0) }) { first, _ in first }
    }

    /// The ring in which a new key signs, and the current one is accepted until its last token has ended.
    ///
    /// Keys that ended before `now` are let go.
    public func rotated(to key: JWTKey, now: Timestamp, lifetimeMax: Duration) -> JWTKeyRing? {
        var last = current
        last.acceptedUntil = min(last.acceptedUntil ?? now + lifetimeMax, now + lifetimeMax)
        let kept = previous.filter { $0.acceptedUntil.map { now < $0 } ?? true }
        return JWTKeyRing(current: key, previous: [last] + kept)
    }

    /// A token that makes these claims; nil where it would be longer than what a verifier takes.
    public func sign(_ claims: JWTClaims) -> Bytes? {
        var token = current.header.array
        token.append(UInt8(ascii: "."))
        token.append(contentsOf: Base64.url.encoded(claims.payload))
        guard let signature = current.sign(Bytes(token)) else { return nil }
        token.append(UInt8(ascii: "."))
        token.append(contentsOf: Base64.url.encoded(signature))
        return token.count <= JWTForm.bytesMax ? Bytes(token) : nil
    }

    func key(id: String) -> JWTKey? { byID[id] }
    func key(header: Bytes) -> JWTKey? { byHeader[header] }
}
