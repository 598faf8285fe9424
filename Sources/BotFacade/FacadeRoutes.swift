import Chats
import Wire
import Base
import BotAPI
import Bots
package import HTTPServer
import Identity
import Kernel

/// The paths that clients of the Bot API know.
package struct FacadeRoutes: Sendable {
    private let facade: BotFacade

    /// Routes over the endpoint.
    package init(_ facade: BotFacade) { self.facade = facade }

    /// The routes; `<token>` is the bot's number, a colon and a key of ours.
    package var routes: [Route] {
        [route(.get), route(.post), file]
    }

    private func route(_ method: HTTPMethodOfCall) -> Route {
        Route(
            method == .get ? .get : .post, "/bot{token}/{method}", .signedIn, token: .path,
            patience: .seconds(GetUpdates.timeoutMax + 20), errorForm: { CallAnswer.failure($0) }
        ) { request in
            let caller = try request.signedIn
            let bot = try bot(of: request, caller)
            let arguments = try await CallArguments(request, bodyMax: facade.parts.bodyMax)
            return try await facade.call(request.parameters["method"], arguments, caller, bot, request)
        }
    }

    private enum HTTPMethodOfCall { case get, post }

    private var file: Route {
        Route(
            .get, "/file/bot{token}/{path...}", .signedIn, rate: .bulk, token: .path, patience: .seconds(60),
            errorForm: { CallAnswer.failure($0) }
        ) { request in
            let caller = try request.signedIn
            let bot = try bot(of: request, caller)
            // A path says nothing of the chat that a file belongs to.
            guard caller.may(.chatsRead), caller.reach.read.contains(chat: nil, source: bot.source) else {
                throw APIError(.forbidden, "the key does not reach the files of this bot")
            }
            return try await facade.parts.files.file(at: request.parameters["path"], of: bot.id, request)
        }
    }

    /// The bot that a token names, if its key reaches anything of it; who does not is told no more than by Telegram.
    private func bot(of request: Request, _ caller: Caller) throws(APIError) -> Bot {
        let number = request.parameters["token"].prefix { $0 != ":" }
        guard let id = Int64(number), let bot = facade.parts.registry.bot(id),
            caller.reach.read.mayHold(source: bot.source) || caller.reach.send.mayHold(source: bot.source)
        else { throw APIError(.unauthorized) }
        return bot
    }
}
