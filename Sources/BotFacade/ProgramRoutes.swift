import Base
package import Bots
package import HTTPServer
package import Identity
import Kernel
import Wire

/// Making tokens with which programs use a bot through this server.
package struct ProgramRoutes: Sendable {
    private let facade: BotFacade
    private let keys: Keys
    /// Where clients find the server, if that was said.
    private let home: String?

    /// Routes that make keys.
    package init(_ facade: BotFacade, _ keys: Keys, home: String?) {
        self.facade = facade
        self.keys = keys
        self.home = home
    }

    /// The routes.
    package var routes: [Route] {
        [
            Route(
                .post, "/api/v1/bots/{id}/tokens", .needs(.keysCreate),
                Operation(
                    "createBotToken", "Make a token for a program that speaks the Bot API",
                    description:
                        "The program uses it in place of BotFather's token, with this server in place of api.telegram.org. "
                        + "Each token has updates of its own. It is an API key that is bound to the bot, and is revoked as one.",
                    tags: ["bots"],
                    request: .init(
                        .object([
                            .init("name", .string(), "What people call it.", isRequired: false),
                            .init("canSend", .boolean, "Whether it may send (true).", isRequired: false),
                            .init("expiresInDays", .integer, isRequired: false),
                        ])),
                    responses: [
                        .init(
                            .created, "Made; the token is not shown again.",
                            .init(
                                .envelope(
                                    .object([
                                        .init("keyId", .string()), .init("token", .string()),
                                        .init(
                                            "apiUrl", .nullable(.string()),
                                            "What stands in place of https://api.telegram.org."),
                                    ]))))
                    ])
            ) { try await create($0) }
        ]
    }

    private struct Draft: Decodable {
        var name: String?
        var canSend: Bool?
        var expiresInDays: Int?
    }

    private func create(_ request: Request) async throws -> Response {
        let id = try request.identifier("id")
        let caller = try request.signedIn
        guard let bot = facade.parts.registry.bot(id), caller.reach.read.mayHold(source: bot.source) else {
            throw APIError(.notFound, "There is no such bot")
        }
        let body = try await request.decode(Draft.self)
        let made = try await make(
            bot, name: body.name, canSend: body.canSend ?? true, expiresInDays: body.expiresInDays,
            for: caller.userID, by: Actor(request))
        return Envelope.success(to: request, status: .created) {
            $0.object {
                $0.field("keyId", made.id)
                $0.field("token", made.token)
                $0.field("apiUrl", home)
            }
        }
    }

    /// Makes a token; what comes in from now on is for it.
    package func make(
        _ bot: Bot, name: String?, canSend: Bool, expiresInDays: Int? = nil, for userID: Int64,
        by actor: Actor
    ) async throws -> (id: String, token: String) {
        let scopes = [Permission.chatsRead] + (canSend ? [.chatsSend] : [])
        let made = try await keys.create(
            Keys.Draft(
                name: name ?? "program of @\(bot.username)", scopes: scopes.map(\.rawValue),
                targets: [bot.source.text], expiresInDays: expiresInDays), for: userID, by: actor)
        try await facade.programs.begin(Program(keyID: made.key.id, botID: bot.id))
        return (made.key.id, "\(bot.id):\(made.text)")
    }
}
