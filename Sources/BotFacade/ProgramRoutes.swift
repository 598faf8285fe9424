import Base
import Bots
package import HTTPServer
import Identity
import Kernel
import Wire

/// Making tokens with which programs use a bot through this server.
package struct ProgramRoutes: Sendable {
    private let facade: BotFacade
    private let tokens: ProgramTokens
    /// Where clients find the server, if that was said.
    private let home: String?

    /// Routes that make keys.
    package init(_ facade: BotFacade, _ tokens: ProgramTokens, home: String?) {
        self.facade = facade
        self.tokens = tokens
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
        let made = try await tokens.make(
            for: bot, name: body.name, canSend: body.canSend ?? true, expiresInDays: body.expiresInDays,
            userID: caller.userID, by: Actor(request))
        return Envelope.success(to: request, status: .created) {
            $0.object {
                $0.field("keyId", made.id)
                $0.field("token", made.token)
                $0.field("apiUrl", home)
            }
        }
    }
}
