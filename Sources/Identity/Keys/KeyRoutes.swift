import Base
import HTTPServer
import Kernel
import Wire

/// The routes for API keys.
struct KeyRoutes: Sendable {
    let keys: Keys

    var routes: [Route] {
        let tags = ["apikeys"]
        return [
            Route(
                .get, "/api/v1/apikeys", .signedIn,
                Operation(
                    "listKeys", "List API keys",
                    description: "One's own; with `keys.manage` and `all=true` everybody's.",
                    tags: tags,
                    parameters: Operation.paging + [.init("all", in: .query, "Everybody's keys.", .boolean)],
                    responses: Operation.list("apiKeys", APIKey.schema))
            ) { try await list($0) },
            Route(
                .post, "/api/v1/apikeys", .needs(.keysCreate),
                Operation(
                    "createKey", "Make an API key",
                    description:
                        "The answer holds the key, and where it can sign the secret for that; neither is ever shown again.",
                    tags: tags, request: .init(Self.draft),
                    responses: [.init(.created, "Made.", .init(.envelope(Self.made)))])
            ) { try await create($0) },
            Route(
                .get, "/api/v1/apikeys/{id}", .signedIn,
                Operation(
                    "getKey", "See an API key", tags: tags,
                    responses: Operation.answer("apiKey", APIKey.schema))
            ) { request in Envelope.one(to: request, "apiKey", try await visible(request)) },
            Route(
                .delete, "/api/v1/apikeys/{id}", .signedIn,
                Operation(
                    "revokeKey", "Revoke an API key",
                    description: "At once, on every node and on open streams.",
                    tags: tags, responses: Operation.nothing)
            ) { request in
                let key = try await visible(request)
                let caller = try request.signedIn
                // A key may give itself up; the others of its user are not its own.
                guard caller.keyID == nil || caller.keyID == key.id || caller.may(.keysManage) else {
                    throw APIError(.forbidden, "A key cannot revoke other keys")
                }
                try await keys.revoke(key.id, by: Actor(request))
                return Envelope.done(request)
            },
        ]
    }

    private static let draft = Schema.object([
        .init("name", .string()),
        .init(
            "scopes", .array(.string()), "Permissions; without them all that its user may do.",
            isRequired: false),
        .init(
            "targets", .array(.string()),
            "`chat:ID`, `bot:ID`, `account:ID`: bounds beyond its user's grants.",
            isRequired: false),
        .init(
            "inheritsChats", .boolean, "Whether it reaches what its user reaches (true).", isRequired: false),
        .init(
            "addresses", .array(.string()), "Addresses or ranges from where it may be used.",
            isRequired: false),
        .init("expiresAt", .string(format: "date-time"), isRequired: false),
        .init("expiresInDays", .integer, isRequired: false),
        .init("canSign", .boolean, "Whether requests may be signed with it (false).", isRequired: false),
        .init("userId", .string(), "For whom; needs `keys.manage`.", isRequired: false),
    ])
    private static let made = Schema.object([
        .init("apiKey", APIKey.schema), .init("key", .string(), "`hg_<id>_<secret>`"),
        .init("signingSecret", .nullable(.string()), "Hexadecimal digits."),
    ])

    private func list(_ request: Request) async throws -> Response {
        let caller = try request.signedIn
        guard request.queryItem("all") == "true" else {
            return Envelope.page(to: request, "apiKeys", try await keys.all(of: caller.userID), next: nil)
        }
        guard caller.may(.keysManage) else {
            throw APIError(.forbidden, "This needs the permission keys.manage")
        }
        let limit = try request.number("limit", in: 1...500, absent: 100)
        let page = try await keys.page(after: request.queryItem("cursor") ?? "", limit: limit)
        return Envelope.page(to: request, "apiKeys", page, next: page.count == limit ? page.last?.id : nil)
    }

    private struct Draft: Decodable {
        var name: String
        var scopes: [String]?
        var targets: [String]?
        var inheritsChats: Bool?
        var addresses: [String]?
        var expiresAt: String?
        var expiresInDays: Int?
        var canSign: Bool?
        var userId: String?
    }

    private func create(_ request: Request) async throws -> Response {
        let caller = try request.signedIn
        let body = try await request.decode(Draft.self)
        var userID = caller.userID
        if let text = body.userId {
            guard let id = Int64(text), id > 0 else {
                throw APIError.invalid("userId", "the number of a user")
            }
            guard id == caller.userID || caller.may(.keysManage) else {
                throw APIError(.forbidden, "This needs the permission keys.manage")
            }
            userID = id
        }
        var end: Timestamp?
        if let text = body.expiresAt {
            guard let time = Timestamp(rfc3339: Bytes(text)) else {
                throw APIError.invalid("expiresAt", "a time in the form 2027-01-31T12:00:00Z")
            }
            end = time
        }
        let draft = Keys.Draft(
            name: body.name, scopes: body.scopes, targets: body.targets,
            inheritsChats: body.inheritsChats ?? true,
            addresses: body.addresses, expiresAt: end, expiresInDays: body.expiresInDays,
            canSign: body.canSign ?? false)
        let made = try await keys.create(draft, for: userID, by: Actor(request))
        return Envelope.success(to: request, status: .created) {
            $0.object {
                $0.field("apiKey", made.key)
                $0.field("key", made.text)
                $0.field("signingSecret", made.signingSecret)
            }
        }
    }

    /// The key of the path, where it is the caller's own or the caller manages all; others are not there.
    private func visible(_ request: Request) async throws -> APIKey {
        let caller = try request.signedIn
        guard let key = try await keys.key(request.parameters["id"]),
            key.userID == caller.userID || caller.may(.keysManage)
        else { throw APIError(.notFound) }
        return key
    }
}

extension APIKey {
    static let schema = Schema.named(
        "ApiKey",
        .object([
            .init("id", .string()), .init("userId", .string()), .init("name", .string()),
            .init("scopes", .array(.string()), "Permissions; `*` for all of its user's."),
            .init("targets", .nullable(.array(.string()))), .init("inheritsChats", .boolean),
            .init("addresses", .nullable(.array(.string()))),
            .init("createdAt", .string(format: "date-time")),
            .init("expiresAt", .nullable(.string(format: "date-time"))),
            .init("lastUsedAt", .nullable(.string(format: "date-time"))),
            .init("revokedAt", .nullable(.string(format: "date-time"))), .init("canSign", .boolean),
        ]))
}
