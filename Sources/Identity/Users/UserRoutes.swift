import Base
import HTTPServer
import Kernel
package import Wire

/// The routes for users, their sessions, and roles.
struct UserRoutes: Sendable {
    let users: Users
    let roles: Roles
    let sessions: Sessions

    var routes: [Route] {
        userRoutes + roleRoutes
    }

    private var userRoutes: [Route] {
        let tags = ["users"]
        return [
            Route(
                .get, "/api/v1/users", .needs(.usersRead),
                Operation(
                    "listUsers", "List users", tags: tags, parameters: Operation.paging,
                    responses: Operation.list("users", User.schema))
            ) { try await list($0) },
            Route(
                .post, "/api/v1/users", .needs(.usersManage),
                Operation(
                    "createUser", "Make a user", tags: tags, request: .init(Self.draft),
                    responses: Operation.answer("user", User.schema, .created))
            ) { try await create($0) },
            Route(
                .get, "/api/v1/users/{id}", .needs(.usersRead),
                Operation(
                    "getUser", "See a user", tags: tags, responses: Operation.answer("user", User.schema))
            ) { request in
                guard let user = try await users.user(try request.identifier("id")) else {
                    throw APIError(.notFound)
                }
                return Envelope.one(to: request, "user", user)
            },
            Route(
                .patch, "/api/v1/users/{id}", .needs(.usersManage),
                Operation(
                    "changeUser", "Change a user",
                    description: "A new password, and being disabled, end the user's sessions.", tags: tags,
                    request: .init(Self.change), responses: Operation.answer("user", User.schema))
            ) { try await change($0) },
            Route(
                .delete, "/api/v1/users/{id}", .needs(.usersManage),
                Operation(
                    "deleteUser", "Remove a user, with its keys and grants", tags: tags,
                    responses: Operation.nothing)
            ) { request in
                try await users.delete(try request.identifier("id"), by: Actor(request))
                return Envelope.done(request)
            },
            Route(
                .get, "/api/v1/users/{id}/sessions", .signedIn,
                Operation(
                    "listUserSessions", "List the open sessions of a user",
                    description: "One's own, or with `users.read` anybody's.", tags: tags,
                    responses: Operation.list("sessions", Session.schema))
            ) { try await listSessions($0) },
            Route(
                .delete, "/api/v1/users/{id}/sessions/{session}", .signedIn,
                Operation(
                    "endUserSession", "End a session of a user",
                    description: "One's own, or with `users.manage` anybody's.", tags: tags,
                    responses: Operation.nothing)
            ) { try await endSession($0) },
        ]
    }

    private var roleRoutes: [Route] {
        let tags = ["roles"]
        return [
            Route(
                .get, "/api/v1/roles", .needs(.usersRead),
                Operation(
                    "listRoles", "List roles and what they allow", tags: tags,
                    responses: Operation.list("roles", Role.schema))
            ) { Envelope.page(to: $0, "roles", try await roles.all(), next: nil) },
            Route(
                .put, "/api/v1/roles/{name}", .needs(.usersManage),
                Operation(
                    "putRole", "Make or change a role", tags: tags,
                    request: .init(
                        .object([
                            .init("description", .string(), isRequired: false),
                            .init("permissions", .array(.string())),
                        ])), responses: Operation.answer("role", Role.schema))
            ) { try await putRole($0) },
            Route(
                .delete, "/api/v1/roles/{name}", .needs(.usersManage),
                Operation("deleteRole", "Remove a role", tags: tags, responses: Operation.nothing)
            ) { request in
                try await roles.delete(request.parameters["name"], by: Actor(request))
                return Envelope.done(request)
            },
            Route(
                .get, "/api/v1/permissions", .signedIn,
                Operation(
                    "listPermissions", "List every permission there is", tags: tags,
                    responses: Operation.list(
                        "permissions", .object([.init("name", .string()), .init("meaning", .string())])))
            ) { request in
                Envelope.success(to: request) {
                    $0.object {
                        $0.key("permissions")
                        $0.array {
                            for (permission, meaning) in Permission.catalogue {
                                $0.object {
                                    $0.field("name", permission.rawValue)
                                    $0.field("meaning", meaning)
                                }
                            }
                        }
                        $0.field("nextCursor", String?.none)
                    }
                }
            },
        ]
    }

    private static let draft = Schema.object([
        .init("username", .string()), .init("displayName", .string(), isRequired: false),
        .init("password", .string(format: "password"), isRequired: false),
        .init("roles", .array(.string()), isRequired: false),
    ])
    private static let change = Schema.object([
        .init("displayName", .string(), isRequired: false),
        .init("roles", .array(.string()), isRequired: false),
        .init("isDisabled", .boolean, isRequired: false),
        .init("password", .string(format: "password"), isRequired: false),
    ])

    // MARK: Handlers

    private func list(_ request: Request) async throws -> Response {
        let limit = try request.number("limit", in: 1...500, absent: 100)
        let after = try request.number("cursor", in: 0...Int.max, absent: 0)
        let page = try await users.page(after: Int64(after), limit: limit)
        return Envelope.page(
            to: request, "users", page, next: page.count == limit ? page.last.map { "\($0.id)" } : nil)
    }

    private struct Draft: Decodable {
        var username: String
        var displayName: String?
        var password: String?
        var roles: [String]?
    }

    private func create(_ request: Request) async throws -> Response {
        let body = try await request.decode(Draft.self)
        let draft = Users.Draft(
            username: body.username, displayName: body.displayName,
            password: body.password.map { Secret($0) },
            roles: body.roles ?? [])
        return Envelope.one(
            to: request, "user", try await users.create(draft, by: Actor(request)), status: .created)
    }

    private struct Change: Decodable {
        var displayName: String?
        var roles: [String]?
        var isDisabled: Bool?
        var password: String?
    }

    private func change(_ request: Request) async throws -> Response {
        let id = try request.identifier("id")
        let body = try await request.decode(Change.self)
        let change = Users.Change(
            displayName: body.displayName, roles: body.roles, isDisabled: body.isDisabled,
            password: body.password.map { Secret($0) })
        return Envelope.one(to: request, "user", try await users.change(id, change, by: Actor(request)))
    }

    private func listSessions(_ request: Request) async throws -> Response {
        let id = try request.identifier("id")
        let caller = try request.signedIn
        guard caller.userID == id || caller.may(.usersRead) else { throw APIError(.forbidden) }
        return Envelope.page(to: request, "sessions", try await sessions.open(of: id), next: nil)
    }

    private func endSession(_ request: Request) async throws -> Response {
        let (id, session) = (try request.identifier("id"), try request.identifier("session"))
        let caller = try request.signedIn
        // A key acts within narrower bounds than its user: to end what the user does is not among them.
        guard (caller.userID == id && caller.keyID == nil) || caller.may(.usersManage) else {
            throw APIError(.forbidden)
        }
        try await sessions.end(session, of: id, "ended by \(caller.subject)", by: Actor(request))
        return Envelope.done(request)
    }

    private struct RoleBody: Decodable {
        var description: String?
        var permissions: [String]
    }

    private func putRole(_ request: Request) async throws -> Response {
        let body = try await request.decode(RoleBody.self)
        let role = try await roles.put(
            request.parameters["name"], body.description ?? "", body.permissions, by: Actor(request))
        return Envelope.one(to: request, "role", role)
    }
}

extension Role: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("name", name)
            $0.field("description", description)
            $0.field("permissions", permissions.map(\.rawValue).sorted())
            $0.field("isBuiltIn", isBuiltIn)
        }
    }

    static let schema = Schema.named(
        "Role",
        .object([
            .init("name", .string()), .init("description", .string()),
            .init("permissions", .array(.string())),
            .init("isBuiltIn", .boolean),
        ]))
}

extension Session: JSONWritable {
    func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", "\(id)")
            $0.field("createdAt", createdAt.rfc3339)
            $0.field("lastUsedAt", usedAt.rfc3339)
            $0.field("expiresAt", expiresAt.rfc3339)
            $0.field("address", address)
            $0.field("userAgent", agent)
        }
    }

    static let schema = Schema.named(
        "LoginSession",
        .object([
            .init("id", .string()), .init("createdAt", .string(format: "date-time")),
            .init("lastUsedAt", .string(format: "date-time")),
            .init("expiresAt", .string(format: "date-time")), .init("address", .string()),
            .init("userAgent", .string()),
        ]))
}
