import Base
import HTTPServer
import Kernel
import Wire

/// The routes by which chats are granted to users, roles and keys.
struct GrantRoutes: Sendable {
    let grants: Grants

    var routes: [Route] {
        let tags = ["permissions"]
        return [
            Route(
                .get, "/api/v1/grants", .needs(.usersRead),
                Operation(
                    "listGrants", "List grants", tags: tags,
                    parameters: Operation.paging + [
                        .init("subject", in: .query, "`user:ID`, `role:NAME` or `key:ID`.", .string()),
                        .init("target", in: .query, "`*`, `bot:ID`, `account:ID` or `chat:ID`.", .string()),
                    ], responses: Operation.list("grants", Grant.schema))
            ) { request in
                try await list(request, subject: request.queryItem("subject"), target: try target(request))
            },
            Route(
                .put, "/api/v1/grants", .needs(.chatsManage),
                Operation(
                    "putGrant", "Grant chats, or change what was granted",
                    description: "Within what the caller manages, reads and sends to itself.", tags: tags,
                    request: .init(.object([.init("target", .string())] + Self.rights)),
                    responses: Operation.answer("grant", Grant.schema))
            ) { request in
                let body = try await request.decode(Body.self)
                guard let target = body.target.flatMap({ GrantTarget($0) }) else { throw Self.badTarget }
                return try await put(request, body, target)
            },
            Route(
                .delete, "/api/v1/grants", .needs(.chatsManage),
                Operation(
                    "deleteGrant", "Take a grant back", tags: tags,
                    parameters: [
                        .init("subject", in: .query, "Whose grant it is.", .string(), isRequired: true),
                        .init("target", in: .query, "What it is about.", .string(), isRequired: true),
                    ], responses: Operation.nothing)
            ) { request in
                guard let target = try target(request) else { throw Self.badTarget }
                return try await delete(request, target)
            },
        ] + chatRoutes
    }

    /// The same for one chat, whose managers need no other permission.
    private var chatRoutes: [Route] {
        let (tags, path) = (["chats", "permissions"], "/api/v1/chats/{chatId:int}/permissions")
        return [
            Route(
                .get, path, .needs(.chatsManage),
                Operation(
                    "listChatPermissions", "List who was granted a chat", tags: tags,
                    parameters: Operation.paging, responses: Operation.list("grants", Grant.schema))
            ) { request in
                let chat = request.parameters.integer("chatId")
                // A chat that is out of reach is not there.
                guard try request.signedIn.reach.allows(.manage, chat: chat) else {
                    throw APIError(.notFound)
                }
                return try await list(request, subject: nil, target: .chat(chat))
            },
            Route(
                .put, path, .needs(.chatsManage),
                Operation(
                    "putChatPermission", "Grant a chat", tags: tags, request: .init(.object(Self.rights)),
                    responses: Operation.answer("grant", Grant.schema))
            ) { request in
                let body = try await request.decode(Body.self)
                return try await put(request, body, .chat(request.parameters.integer("chatId")))
            },
            Route(
                .delete, path, .needs(.chatsManage),
                Operation(
                    "deleteChatPermission", "Take a chat back", tags: tags,
                    parameters: [
                        .init("subject", in: .query, "Whose grant it is.", .string(), isRequired: true)
                    ],
                    responses: Operation.nothing)
            ) { request in try await delete(request, .chat(request.parameters.integer("chatId"))) },
        ]
    }

    private static let rights: [Schema.Property] = [
        .init("subject", .string()), .init("canRead", .boolean, isRequired: false),
        .init("canSend", .boolean, isRequired: false), .init("canManage", .boolean, isRequired: false),
    ]
    private static let badTarget = APIError.invalid("target", "*, bot:ID, account:ID or chat:ID")

    private struct Body: Decodable {
        var subject: String
        var target: String?
        var canRead: Bool?
        var canSend: Bool?
        var canManage: Bool?
    }

    private func target(_ request: Request) throws -> GrantTarget? {
        guard let text = request.queryItem("target") else { return nil }
        guard let target = GrantTarget(text) else { throw Self.badTarget }
        return target
    }

    private func list(_ request: Request, subject: String?, target: GrantTarget?) async throws -> Response {
        let limit = try request.number("limit", in: 1...500, absent: 100)
        let cursor = (request.queryItem("cursor") ?? "").split(
            separator: " ", maxSplits: 1, omittingEmptySubsequences: false)
        let page = try await grants.page(
            subject: subject, target: target,
            after: (cursor.first.map(String.init) ?? "", cursor.count == 2 ? String(cursor[1]) : ""),
            limit: limit)
        let next = page.count == limit ? page.last.map { "\($0.subject) \($0.target.text)" } : nil
        return Envelope.page(to: request, "grants", page, next: next)
    }

    private func put(_ request: Request, _ body: Body, _ target: GrantTarget) async throws -> Response {
        let grant = try await grants.put(
            body.subject, target, read: body.canRead ?? false, send: body.canSend ?? false,
            manage: body.canManage ?? false, by: Actor(request))
        return Envelope.one(to: request, "grant", grant)
    }

    private func delete(_ request: Request, _ target: GrantTarget) async throws -> Response {
        try await grants.delete(request.queryItem("subject") ?? "", target, by: Actor(request))
        return Envelope.done(request)
    }
}

extension Grant {
    static let schema = Schema.named(
        "Grant",
        .object([
            .init("subject", .string()), .init("target", .string()), .init("canRead", .boolean),
            .init("canSend", .boolean), .init("canManage", .boolean), .init("grantedBy", .string()),
            .init("grantedAt", .string(format: "date-time")),
        ]))
}
