import Base
import Wire

/// The compact form of a signed token (RFC 7515): `header.payload.signature`, each in base64url.
struct JWTForm {
    /// The header, as it stands in the token.
    let header: Bytes
    /// The payload, as it stands in the token.
    let payload: Bytes
    /// What the signature is made of: header, point and payload.
    let signed: Bytes
    /// The signature, decoded.
    let signature: Bytes

    /// The longest token.
    static let bytesMax = 8192
    /// Tokens are flat; whatever nests deeper is no token of ours.
    static let limits = JSONLimits(bytesMax: bytesMax, depthMax: 8)

    init(_ token: Bytes) throws(JWTError) {
        guard token.count <= Self.bytesMax else { throw .tooLarge }
        let point = UInt8(ascii: ".")
        guard let first = token.firstIndex(of: point), let last = token.lastIndex(of: point), first < last,
            !token[(first + 1)..<last].contains(point), first > 0, last > first + 1,
            let signature = Base64.url.decode(token[(last + 1)..<token.count])
        else { throw .malformed }
        header = token[0..<first]
        payload = token[(first + 1)..<last]
        signed = token[0..<last]
        self.signature = signature
    }

    /// A part that is a JSON object in which no name stands twice.
    static func object(_ part: Bytes, _ parser: JSONParser) throws(JWTError) -> JSONDocument {
        guard let text = Base64.url.decode(part) else { throw .malformed }
        let document: JSONDocument
        do {
            document = try parser.parse(text)
        } catch {
            throw .malformed
        }
        guard document.root.kind == .object, !hasDoubled(document.root) else { throw .malformed }
        return document
    }

    /// Readers differ in which of two members with one name counts.
    private static func hasDoubled(_ object: JSONView) -> Bool {
        var seen: Set<String> = []
        return object.members.contains { !seen.insert($0.name).inserted }
    }

    /// A header in base64url.
    static func header(algorithm: String, type: String, keyID: String) -> Bytes {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("alg", algorithm)
            writer.field("typ", type)
            writer.field("kid", keyID)
        }
        return Bytes(Base64.url.encoded(writer.finish()))
    }
}
