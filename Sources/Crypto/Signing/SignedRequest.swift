public import Base

/// What a signature over a request speaks of (docs/signing.md).
///
/// Path and query are the bytes of the request line, neither decoded nor sorted: what two programs decode or sort
/// differently would be two meanings under one signature.
public struct SignedRequest: Sendable, Equatable {
    /// The method, as it was sent.
    public let method: String
    /// The path, as it was sent, from its slash up to the question mark.
    public let path: Bytes
    /// What stands behind the question mark, as it was sent; empty where there is none.
    public let query: Bytes
    /// The SHA-256 of the body: 32 bytes, also where there is no body.
    public let bodyHash: Bytes
    /// When it was signed, in whole seconds since 1970.
    public let timestamp: Int64
    /// A text that no other request has: 16 to 64 letters, digits, `-` and `_`.
    public let nonce: String

    /// The first line of what is signed, so that a signature can mean nothing else.
    static let scheme = "HELIOGRAPH-HMAC-SHA256"
    /// How many characters a nonce may have.
    static let nonceBytesRange = 16...64

    /// A request; refused where a part holds what it cannot hold on the wire, for that could pass for another part.
    public init(
        method: String, path: Bytes, query: Bytes = Bytes(), bodyHash: Bytes, timestamp: Int64, nonce: String
    ) throws(SignatureError) {
        guard !method.isEmpty, method.utf8.allSatisfy(Self.isTokenByte), path.first == UInt8(ascii: "/"),
            path.allSatisfy({ Self.isVisible($0) && $0 != UInt8(ascii: "?") }),
            query.allSatisfy(Self.isVisible), bodyHash.count == 32, timestamp >= 0, Self.isNonce(nonce)
        else { throw .malformed }
        self.method = method
        self.path = path
        self.query = query
        self.bodyHash = bodyHash
        self.timestamp = timestamp
        self.nonce = nonce
    }

    /// What is signed: seven lines, parted by line feeds, with none at the end.
    public var canonical: Bytes {
        var text: [UInt8] = []
        text.reserveCapacity(192 + path.count + query.count)
        let lines: [Bytes] = [
            Bytes(Self.scheme), Bytes("\(timestamp)"), Bytes(nonce), Bytes(method), path, query,
            Bytes(Hex.encode(bodyHash)),
        ]
        for (index, line) in lines.enumerated() {
            if index > 0 { text.append(0x0a) }
            text.append(contentsOf: line)
        }
        return Bytes(text)
    }

    /// The signature of the request: 32 bytes.
    public func sign(with key: HMACKey) -> Bytes { key.code(for: canonical) }

    /// Holds a signature against the request, and the time of signing against the clock.
    ///
    /// Whoever calls remembers the nonce for twice the window, and refuses it the second time; only after this has
    /// returned, so that strangers cannot fill that memory.
    public func verify(
        _ signature: Bytes, with key: HMACKey, now: Timestamp, window: Duration = .seconds(300)
    ) throws(SignatureError) {
        guard timestamp <= Timestamp.textRange.upperBound.seconds else { throw .malformed }
        let distance = now - Timestamp(seconds: timestamp)
        guard distance <= window, distance >= .zero - window else { throw .outsideWindow }
        guard key.verifies(signature, for: canonical) else { throw .mismatch }
    }

    static func isNonce(_ text: String) -> Bool {
        nonceBytesRange.contains(text.utf8.count) && text.utf8.allSatisfy(isWordByte)
    }

    static func isWordByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
            UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "-"), UInt8(ascii: "_"):
            true
        default: false
        }
    }

    private static func isVisible(_ byte: UInt8) -> Bool { byte > 0x20 && byte != 0x7f }

    private static func isTokenByte(_ byte: UInt8) -> Bool {
        isWordByte(byte) || Array("!#$%&'*+.^`|~".utf8).contains(byte)
    }
}
