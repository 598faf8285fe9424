import Base
package import HTTPServer
import Identity
import Kernel
import Wire

/// The routes for bots.
package struct BotRoutes: Sendable {
    private let bots: Bots

    /// Routes over the service.
    package init(_ bots: Bots) { self.bots = bots }

    /// The routes.
    package var routes: [Route] {
        let tags = ["bots"]
        return [
            Route(
                .get, "/api/v1/bots", .needs(.botsRead),
                Operation(
                    "listBots", "List bots, and how each of them is", tags: tags,
                    parameters: Operation.paging,
                    responses: Operation.list("bots", Bot.schema))
            ) { try await list($0) },
            Route(
                .post, "/api/v1/bots", .needs(.botsManage),
                Operation(
                    "registerBot", "Register a bot",
                    description:
                        "Telegram is asked whose the token is; it is stored encrypted, and never shown again. "
                        + "Without `mode` updates come by webhook where the server has a public address, and are polled for else.",
                    tags: tags, request: .init(Self.draft),
                    responses: Operation.answer("bot", Bot.schema, .created))
            ) { try await register($0) },
            Route(
                .get, "/api/v1/bots/{id}", .needs(.botsRead),
                Operation("getBot", "See a bot", tags: tags, responses: Operation.answer("bot", Bot.schema))
            ) { request in
                Envelope.one(to: request, "bot", try await bots.bot(try request.identifier("id")))
            },
            Route(
                .patch, "/api/v1/bots/{id}", .needs(.botsManage),
                Operation(
                    "changeBot", "Change a bot",
                    description: "A paused bot takes no updates; Telegram keeps them for a day.",
                    tags: tags, request: .init(Self.change), responses: Operation.answer("bot", Bot.schema))
            ) { try await change($0) },
            Route(
                .put, "/api/v1/bots/{id}/token", .needs(.botsManage),
                Operation(
                    "replaceBotToken", "Give a bot a new token",
                    description: "For when BotFather has made a new one; nothing is lost in between.",
                    tags: tags, request: .init(.object([.init("token", .string(format: "password"))])),
                    responses: Operation.answer("bot", Bot.schema))
            ) { request in
                let body = try await request.decode(TokenBody.self)
                let bot = try await bots.replaceToken(
                    body.token, of: try request.identifier("id"), by: Actor(request))
                return Envelope.one(to: request, "bot", bot)
            },
            Route(
                .delete, "/api/v1/bots/{id}", .needs(.botsManage),
                Operation(
                    "deleteBot", "Forget a bot and its token",
                    description: "Its webhook is removed; what it has received stays in the log.", tags: tags,
                    responses: Operation.nothing)
            ) { request in
                try await bots.delete(try request.identifier("id"), by: Actor(request))
                return Envelope.done(request)
            },
        ]
    }

    private static let mode = Schema.string(values: Bot.Mode.allCases.map(\.rawValue))
    private static let draft = Schema.object([
        .init("token", .string(format: "password"), "As BotFather gives it."),
        .init("username", .string(), "Has to be that of the token.", isRequired: false),
        .init("displayName", .string(), isRequired: false), .init("mode", mode, isRequired: false),
    ])
    private static let change = Schema.object([
        .init("displayName", .string(), isRequired: false), .init("mode", mode, isRequired: false),
        .init("isPaused", .boolean, isRequired: false),
    ])

    // MARK: Handlers

    private func list(_ request: Request) async throws -> Response {
        let limit = try request.number("limit", in: 1...500, absent: 100)
        let after = try request.number("cursor", in: 0...Int.max, absent: 0)
        let page = try await bots.page(after: Int64(after), limit: limit)
        return Envelope.page(
            to: request, "bots", page, next: page.count == limit ? page.last.map { "\($0.id)" } : nil)
    }

    private struct TokenBody: Decodable {
        var token: String
    }

    private struct Draft: Decodable {
        var token: String
        var username: String?
        var displayName: String?
        var mode: String?
    }

    private func register(_ request: Request) async throws -> Response {
        let body = try await request.decode(Draft.self)
        let draft = Bots.Draft(
            username: body.username, token: body.token, displayName: body.displayName,
            mode: try Self.mode(body.mode))
        return Envelope.one(
            to: request, "bot", try await bots.register(draft, by: Actor(request)), status: .created)
    }

    private struct Change: Decodable {
        var displayName: String?
        var mode: String?
        var isPaused: Bool?
    }

    private func change(_ request: Request) async throws -> Response {
        let id = try request.identifier("id")
        let body = try await request.decode(Change.self)
        let change = Bots.Change(
            displayName: body.displayName, mode: try Self.mode(body.mode), isPaused: body.isPaused)
        return Envelope.one(to: request, "bot", try await bots.change(id, change, by: Actor(request)))
    }

    private static func mode(_ text: String?) throws(APIError) -> Bot.Mode? {
        guard let text else { return nil }
        guard let mode = Bot.Mode(rawValue: text) else {
            throw APIError.invalid("mode", "webhook or polling")
        }
        return mode
    }
}
