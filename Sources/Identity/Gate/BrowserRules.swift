import Base
import Crypto
import HTTPServer
import Wire

/// What browsers have to be told, and what is asked of those that sign in by cookie.
struct BrowserRules: Sendable {
    /// The origins whose pages may call the API; none unless they are configured.
    let origins: Set<String>

    /// Where clients reach this server, if that is said.
    let home: WebAddress?

    /// Rules that let pages of these origins in, and those of the server itself.
    init(origins: [String], home: WebAddress?) {
        self.origins = Set(origins)
        self.home = home
    }

    /// The field in which a page sends along what it was given at the login.
    static let csrfField: StaticString = "x-csrf-token"
    private static let privateGuards: HeaderFields = [
        "cache-control": "no-store", "x-content-type-options": "nosniff", "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
    ]
    private static let json: HeaderFields = ["content-type": "application/json"]
    private static let privateJSON: HeaderFields = {
        var fields = json
        fields.append(contentsOf: privateGuards)
        return fields
    }()
    private static let allowedFields =
        "authorization, content-type, idempotency-key, last-event-id, x-api-key, x-correlation-id, x-csrf-token"
    private static let exposedFields =
        "ratelimit-limit, ratelimit-remaining, ratelimit-reset, ratelimit-warning, retry-after, x-request-id"

    /// The answer to a browser that asks whether it may send a request; nil where this is none.
    func preflight(_ request: Request) -> Response? {
        guard request.method == .options, request.fields.contains("access-control-request-method"),
            let origin = allowedOrigin(request)
        else { return nil }
        return Response(
            status: .noContent,
            fields: [
                "access-control-allow-origin": origin,
                "access-control-allow-methods": "GET, HEAD, POST, PUT, PATCH, DELETE",
                "access-control-allow-headers": Self.allowedFields, "access-control-max-age": "600",
                "vary": "origin",
            ])
    }

    private func allowedOrigin(_ request: Request) -> String? {
        guard !origins.isEmpty, let origin = request.fields["origin"], origins.contains(origin) else {
            return nil
        }
        return origin
    }

    /// Refuses what another site's page has a browser send: the cookie goes along by itself, this text does not.
    func checkIntent(_ request: Request, _ resolved: Resolved) throws(APIError) {
        guard let digest = resolved.csrfDigest else { throw APIError(.unauthorized) }
        try checkOrigin(request)
        guard request.method != .get, request.method != .head else { return }
        guard let text = request.fields[Self.csrfField],
            ConstantTime.equal(Bytes(TokenClaims.digest(of: text)), Bytes(digest))
        else {
            throw APIError(.forbidden, "Send the login's csrfToken in the field x-csrf-token")
        }
    }

    /// Refuses what a page of an unknown origin has a browser send along with a cookie or a certificate.
    ///
    /// A page reads no plain answer that it was not let read; but it reads a WebSocket, and what changes is changed.
    func checkOrigin(_ request: Request) throws(APIError) {
        let isReading = request.method == .get || request.method == .head
        guard !isReading || request.fields.contains("upgrade") || request.upgradeProtocol != nil,
            let origin = request.fields["origin"], allowedOrigin(request) == nil, !isOwn(origin, request)
        else { return }
        throw APIError(.forbidden, "Pages of this origin may not do that")
    }

    /// Whether a page comes from this server: from where it is said to be, or by the name that was asked for.
    private func isOwn(_ origin: String, _ request: Request) -> Bool {
        guard let page = WebAddress(origin), page.path.isEmpty else { return false }
        if let home, (page.isSecure, page.host, page.port) == (home.isSecure, home.host, home.port) {
            return true
        }
        // Who ends TLS before us changes the scheme, and neither name nor port.
        guard let host = request.fields["host"] else { return false }
        return [WebAddress("http://" + host), WebAddress("https://" + host)].contains(page)
    }

    func stamp(_ response: inout Response, for request: Request) { stamp(&response.fields, request) }

    private func stamp(_ fields: inout HeaderFields, _ request: Request) {
        // Answers hold what only one caller may see; a route that allows more says so itself.
        // Most answers: nothing is put together for them.
        if origins.isEmpty, !request.isSecure, fields == Self.json {
            fields = Self.privateJSON
            return
        }
        // What a route says itself counts: some answers may be kept, or hold their own policy.
        for (name, value) in Self.privateGuards where !fields.has(name) { fields.append(name, value) }
        if request.isSecure {
            fields.append("strict-transport-security", "max-age=31536000")
        }
        guard let origin = allowedOrigin(request) else { return }
        fields.append("access-control-allow-origin", origin)
        fields.append("access-control-expose-headers", Self.exposedFields)
        fields.append("vary", "origin")
    }
}

extension HeaderFields {
    fileprivate func has(_ name: Bytes) -> Bool { contains { $0.name == name } }
}
