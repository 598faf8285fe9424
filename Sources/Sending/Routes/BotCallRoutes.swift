import Base
import BotAPI
import HTTPServer
import Identity
import Kernel
import Wire

/// The routes of calls that make no message: they go to Telegram at once, and are answered by what it says.
struct BotCallRoutes {
    let intake: SendIntake
    let audit: AuditLog

    var routes: [Route] {
        [
            Route(.post, "/api/v1/chats/{id:int}/actions", .needs(.chatsSend), Self.act) {
                try await self.act($0)
            },
            Route(
                .post, "/api/v1/bots/{id}/callbacks/{queryId}/answer", .needs(.chatsSend), Self.answerCallback
            ) { try await self.answerCallback($0) },
            Route(
                .post, "/api/v1/bots/{id}/inline-queries/{queryId}/answer", .needs(.chatsSend),
                Self.answerInline
            ) { try await self.answerInline($0) },
            Route(.put, "/api/v1/bots/{id}/commands", .needs(.botsManage), Self.setCommands) {
                try await self.setCommands($0)
            },
            Route(.get, "/api/v1/bots/{id}/commands", .needs(.botsRead), Self.getCommands) {
                try await self.getCommands($0)
            },
        ]
    }

    // MARK: Calls

    private func act(_ request: Request) async throws -> Response {
        let caller = try request.signedIn
        let chat = request.parameters.integer("id")
        let fields = try await SendForm.fields(of: request)
        guard let action = try fields.text("action").flatMap({ ChatAction.Kind(rawValue: $0) }) else {
            let known = ChatAction.Kind.allCases.map(\.rawValue).joined(separator: ", ")
            throw fields.invalid("action", "must be one of \(known)")
        }
        let thread = try fields.number("messageThreadId")
        let bot = try await intake.bot(try fields.number("botId"), for: chat, caller)
        guard intake.sends.core.parts.token(bot) != nil else { throw SendError.unknownBot }
        guard caller.reach.allows(.send, chat: chat, source: .bot(bot)) else { throw SendError.forbidden }
        let call = ChatAction(action, in: chat, messageThreadID: thread)
        _ = try await ask(call, fields, bot: bot, chat: chat, request)
        return Envelope.done(request)
    }

    private func answerCallback(_ request: Request) async throws -> Response {
        // Only who has received the press knows its number.
        let bot = try bot(of: request) { $0.mayHold(source: $1) }
        let fields = try await SendForm.fields(of: request)
        var answer = CallbackAnswer(to: try Self.query(request))
        answer.text = try fields.text("text")
        answer.showAlert = try fields.flag("showAlert")
        answer.url = try fields.text("url")
        answer.cacheTime = try fields.number("cacheTime")
        _ = try await ask(answer, fields, bot: bot, request)
        return Envelope.done(request)
    }

    private func answerInline(_ request: Request) async throws -> Response {
        // Whoever asks inline does so from a chat that nobody here knows.
        let bot = try bot(of: request) { $0.contains(chat: nil, source: $1) }
        let fields = try await SendForm.fields(of: request)
        guard let results = try fields.list("results") else { throw fields.invalid("results", "is missing") }
        var answer = InlineAnswer(to: try Self.query(request), results.raw, count: results.count)
        answer.cacheTime = try fields.number("cacheTime")
        answer.isPersonal = try fields.flag("isPersonal")
        answer.nextOffset = try fields.text("nextOffset")
        answer.button = try fields.object("button")?.raw
        _ = try await ask(answer, fields, bot: bot, request)
        return Envelope.done(request)
    }

    private func setCommands(_ request: Request) async throws -> Response {
        let bot = try bot(of: request)
        let fields = try await SendForm.fields(of: request)
        guard let items = try fields.items("commands", max: 1000) else {
            throw fields.invalid("commands", "is missing")
        }
        var commands: [CommandList.Command] = []
        for item in items {
            guard let name = try item.text("command") else { throw item.invalid("command", "is missing") }
            guard let words = try item.text("description") else {
                throw item.invalid("description", "is missing")
            }
            commands.append(CommandList.Command(name, words))
        }
        let list = CommandList(commands, for: try Self.audience(fields))
        let words = [
            "count \(commands.count)", try fields.text("languageCode").map { "language \($0)" },
            try fields.object("scope").map { "scope \($0.raw.repairedText)" },
        ]
        _ = try await ask(list, fields, bot: bot, request)
        // Who is told that this failed may ask for the same again: it changes nothing then.
        try await audit.record(
            Actor(request).entry(
                "bot.commands", on: "bot:\(bot)", detail: words.compactMap(\.self).joined(separator: "; ")))
        return Envelope.done(request)
    }

    private func getCommands(_ request: Request) async throws -> Response {
        let bot = try bot(of: request)
        let fields = try SendForm.query(of: request)
        let answer = try await ask(
            CommandQuery(for: try Self.audience(fields)), fields, bot: bot, request)
        return Envelope.success(to: request) {
            $0.object {
                $0.key("commands")
                $0.raw(answer.raw)
            }
        }
    }

    // MARK: What they share

    private static func audience(_ fields: SendFields) throws(SendError) -> CommandAudience {
        CommandAudience(
            scope: try fields.object("scope")?.raw, languageCode: try fields.text("languageCode"))
    }

    /// The number of the press or the question, which Telegram has given.
    private static func query(_ request: Request) throws(SendError) -> String {
        try SendFields.label(request.parameters["queryId"], "queryId")
    }

    /// The bot of the path, where the caller reaches of it what is needed; who does not is told of none.
    private func bot(
        of request: Request,
        _ isReached: (ChatReach.Bounds, Source) -> Bool = { _, _ in true }
    ) throws -> Int64 {
        let bot = try request.identifier("id")
        guard intake.sends.core.parts.token(bot) != nil,
            isReached(try request.signedIn.reach.send, .bot(bot))
        else { throw APIError(.notFound, "There is no such bot") }
        return bot
    }

    /// Asks Telegram, and gives the result of its answer.
    private func ask(
        _ call: any BotRequest, _ fields: SendFields, bot: Int64, chat: Int64? = nil, _ request: Request
    ) async throws -> JSONView {
        try fields.check(call)
        let answer = try await intake.sends.pass(
            call.method, .json(call.parameters.json), bot: bot, chat: chat,
            owner: try request.signedIn.subject, drain: request.connection.drain)
        let root = try JSON.parse(answer.whole, limits: JSONLimits(depthMax: 256)).root
        guard root["ok"]?.bool == true, let result = root["result"] else {
            throw APIError(refusal: root, status: answer.status)
        }
        return result
    }
}

extension APIError {
    /// What Telegram refuses, for a client that asked for it.
    fileprivate init(refusal root: JSONView, status: Int) {
        let words = "Telegram: " + (root["description"]?.string ?? "no answer").prefix(500)
        switch status {
        case 400: self.init(.validationFailed, words)
        case 403: self.init(.forbidden, words)
        case 429:
            let seconds = max(1, root["parameters"]?["retry_after"]?.int64 ?? 1)
            self.init(
                .rateLimited, words, details: ["retryAfter": .integer(seconds)],
                fields: ["retry-after": "\(seconds)"])
        default: self.init(.unavailable, words)
        }
    }
}
