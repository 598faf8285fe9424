public import Base

/// What a signed request says in its `Authorization` field.
///
/// `HELIOGRAPH-HMAC-SHA256 key=ID, timestamp=1767323045, nonce=…, signature=…`: each parameter once, in any order.
public struct SignatureParameters: Sendable, Equatable {
    /// The name of the key.
    public let keyID: String
    /// When it was signed, in whole seconds since 1970.
    public let timestamp: Int64
    /// The text that no other request has.
    public let nonce: String
    /// The signature: 32 bytes.
    public let signature: Bytes

    /// No field that is understood is longer.
    public static let textBytesMax = 512

    /// Parameters, as they are.
    public init(keyID: String, timestamp: Int64, nonce: String, signature: Bytes) {
        self.keyID = keyID
        self.timestamp = timestamp
        self.nonce = nonce
        self.signature = signature
    }

    /// Reads the value of the field; nil where it is of another scheme.
    public init?(_ field: Bytes) throws(SignatureError) {
        let start = Bytes(SignedRequest.scheme + " ")
        guard field.count >= start.count, field[0..<start.count] == start else { return nil }
        guard field.count <= Self.textBytesMax, field.allSatisfy({ (0x20...0x7e).contains($0) }) else {
            throw .malformed
        }
        var values: [Substring: Substring] = [:]
        let text = field[start.count..<field.count].repairedText
        for part in text.split(separator: ",", omittingEmptySubsequences: false) {
            let pair = part.drop { $0 == " " }.split(
                separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            guard pair.count == 2, values.updateValue(pair[1], forKey: pair[0]) == nil else {
                throw .malformed
            }
        }
        guard values.count == 4, let keyID = values["key"], let timestamp = values["timestamp"],
            let nonce = values["nonce"], let signature = values["signature"].flatMap({ Self.signature($0) }),
            let seconds = Self.seconds(timestamp), (1...128).contains(keyID.utf8.count),
            keyID.utf8.allSatisfy(SignedRequest.isWordByte), SignedRequest.isNonce(String(nonce))
        else { throw .malformed }
        self.init(keyID: String(keyID), timestamp: seconds, nonce: String(nonce), signature: signature)
    }

    /// The value of the field.
    public var text: String {
        "\(SignedRequest.scheme) key=\(keyID), timestamp=\(timestamp), nonce=\(nonce), "
            + "signature=\(Hex.encode(signature))"
    }

    private static func signature(_ text: Substring) -> Bytes? {
        guard text.utf8.count == 64, !text.utf8.contains(where: { (0x41...0x46).contains($0) }) else {
            return nil
        }
        return Hex.decode(text)
    }

    /// A number without sign and leading zeros.
    private static func seconds(_ text: Substring) -> Int64? {
        guard let seconds = Int64(text), seconds >= 0, "\(seconds)" == text else { return nil }
        return seconds
    }
}
