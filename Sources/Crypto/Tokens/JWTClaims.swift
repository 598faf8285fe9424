public import Base
public import Wire

/// What a token says.
public struct JWTClaims: Sendable, Equatable {
    /// Who issued it: `iss`.
    public var issuer: String?
    /// Whom it is for: `aud`.
    public var audience: [String]
    /// Whom it speaks of: `sub`.
    public var subject: String?
    /// When it ends: `exp`; in whole seconds when it is written.
    public var expiresAt: Timestamp?
    /// Before when it is not valid: `nbf`.
    public var notBefore: Timestamp?
    /// When it was issued: `iat`.
    public var issuedAt: Timestamp?
    /// Its own name: `jti`.
    public var id: String?
    /// All other claims.
    public var others: JSONFields

    /// Claims.
    public init(
        issuer: String? = nil, audience: [String] = [], subject: String? = nil, expiresAt: Timestamp? = nil,
        notBefore: Timestamp? = nil, issuedAt: Timestamp? = nil, id: String? = nil,
        others: JSONFields = JSONFields()
    ) {
        self.issuer = issuer
        self.audience = audience
        self.subject = subject
        self.expiresAt = expiresAt
        self.notBefore = notBefore
        self.issuedAt = issuedAt
        self.id = id
        self.others = others
    }

    /// Reads the payload of a token; each claim at most once, which the caller has seen to.
    init(_ object: JSONView) throws(JWTError) {
        self.init()
        var others: [(String, JSONValue)] = []
        for member in object.members {
            let value = member.value
            switch member.name {
            case "iss": issuer = try Self.text(value)
            case "sub": subject = try Self.text(value)
            case "jti": id = try Self.text(value)
            case "aud":
                guard value.kind == .array else {
                    audience = [try Self.text(value)]
                    continue
                }
                for element in value.elements { audience.append(try Self.text(element)) }
            case "exp": expiresAt = try Self.time(value)
            case "nbf": notBefore = try Self.time(value)
            case "iat": issuedAt = try Self.time(value)
            default: others.append((member.name, JSONValue(value)))
            }
        }
        if !others.isEmpty { self.others = JSONFields(others) }
    }

    /// The payload; claims of their own fields win over those of the same name in `others`.
    var payload: Bytes {
        var writer = JSONWriter()
        writer.object { writer in
            if let issuer { writer.field("iss", issuer) }
            if let only = audience.first, audience.count == 1 {
                writer.field("aud", only)
            } else if !audience.isEmpty {
                writer.key("aud")
                writer.array { writer in for name in audience { writer.value(name) } }
            }
            if let subject { writer.field("sub", subject) }
            for (name, time) in [("exp", expiresAt), ("nbf", notBefore), ("iat", issuedAt)] {
                if let time { writer.field(name, time.seconds) }
            }
            if let id { writer.field("jti", id) }
            for (name, value) in others where !Self.names.contains(name) { writer.field(name, value) }
        }
        return writer.finish()
    }

    private static let names: Set = ["iss", "aud", "sub", "exp", "nbf", "iat", "jti"]

    private static func text(_ value: JSONView) throws(JWTError) -> String {
        guard let text = value.string else { throw .badClaims }
        return text
    }

    /// Seconds since 1970, which may have a fraction.
    private static func time(_ value: JSONView) throws(JWTError) -> Timestamp {
        let latest = Timestamp.textRange.upperBound.seconds
        if let seconds = value.int64, (0...latest).contains(seconds) { return Timestamp(seconds: seconds) }
        guard let seconds = value.double, seconds >= 0, seconds <= Double(latest) else { throw .badClaims }
        return Timestamp(milliseconds: Int64(seconds * 1000))
    }
}
