import Base
import Crypto
import HTTPServer
import Wire

/// What a request shows to say who sent it: one thing, or it is refused.
enum Credentials: Sendable {
    case none
    /// An access token of a login.
    case token(Bytes, digest: Bytes)
    /// The same from the console's cookie.
    case cookie(Bytes, digest: Bytes)
    /// An API key.
    case key(Bytes, digest: Bytes)
    /// A signature over the request.
    case signature(SignatureParameters)
    /// A client certificate that the server has verified.
    case certificate(PeerCertificate)

    /// The cookie in which browsers keep their access token.
    static let cookieName = "hg_access"
    /// The field for keys of programs that cannot send `Authorization`.
    static let keyField: StaticString = "x-api-key"
    /// What a bad or ambiguous credential is answered with.
    private static let unknown = APIError(
        .unauthorized, "The credential is none of ours", fields: ["www-authenticate": "Bearer"])

    /// How what they come to is remembered; nil where there are none.
    var key: ResolvedKey? {
        switch self {
        case .none: nil
        case .token(_, let digest): .token(digest)
        case .cookie(_, let digest): .cookie(digest)
        case .key(_, let digest): .key(digest)
        case .signature(let parameters): .signer(parameters.keyID)
        case .certificate(let certificate): .certificate(certificate.fingerprint)
        }
    }

    /// Finds the one credential of a request.
    static func of(_ request: Request) throws(APIError) -> Credentials {
        let (fields, keys) = (request.fields.count(of: "authorization"), request.fields.count(of: keyField))
        let token = token(of: request)
        // Two of them: somebody on the way may have looked at the one, and we at the other.
        guard fields + keys + (token == nil ? 0 : 1) <= 1 else {
            throw APIError(.badRequest, "Send one credential, not several")
        }
        if let value = request.fields.bytes("authorization") { return try authorization(value) }
        if let value = request.fields.bytes(keyField) { return try key(value) }
        if let token { return bearer(Bytes(token)) }
        if let certificate = request.connection.clientCertificate { return .certificate(certificate) }
        if let cookie = request.cookie(cookieName) { return .cookie(cookie, digest: SHA256.hash(cookie)) }
        return .none
    }

    /// A credential that stands where this route's clients can put one.
    private static func token(of request: Request) -> String? {
        switch request.route?.token {
        case .fields, nil: nil
        case .query: request.queryItem("token")
        case .path:
            request.parameters["token"].split(separator: ":", maxSplits: 1).last.map(String.init) ?? ""
        }
    }

    private static func authorization(_ value: Bytes) throws(APIError) -> Credentials {
        if isBearer(value) { return bearer(value[7..<value.count]) }
        do throws(SignatureError) {
            if let parameters = try SignatureParameters(value) { return .signature(parameters) }
        } catch {
            throw unknown
        }
        throw unknown
    }

    /// Whether a field begins with `Bearer `, in whatever case.
    private static func isBearer(_ value: Bytes) -> Bool {
        guard value.count > 7 else { return false }
        var index = 0
        for byte in "bearer ".utf8 {
            guard value[index] | 0x20 == byte else { return false }
            index += 1
        }
        return true
    }

    /// A token, or a key in its place.
    private static func bearer(_ text: Bytes) -> Credentials {
        let isKey =
            text.count == APIKeyText.bytesMax && text[0] == UInt8(ascii: "h") && text[2] == UInt8(ascii: "_")
        let digest = SHA256.hash(text)
        return isKey ? .key(text, digest: digest) : .token(text, digest: digest)
    }

    private static func key(_ text: Bytes) throws(APIError) -> Credentials {
        guard text.count == APIKeyText.bytesMax else { throw unknown }
        return .key(text, digest: SHA256.hash(text))
    }
}

extension Request {
    /// The value of a cookie; nil where it is not there, or there twice.
    func cookie(_ name: String) -> Bytes? {
        var found: Bytes?
        for field in fields.all("cookie") {
            for part in field.split(separator: UInt8(ascii: ";")) {
                let pair = part.drop { $0 == 0x20 }
                guard let equals = pair.firstIndex(of: UInt8(ascii: "=")),
                    pair[pair.startIndex..<equals].elementsEqual(name.utf8)
                else { continue }
                guard found == nil else { return nil }
                found = Bytes(Array(pair[(equals + 1)...]))
            }
        }
        return found
    }
}
