import Base
import HTTPServer
import Reactor
import Wire

/// The Bot API as bots see it.
final class BotDoor: Sendable {
    private let core: Core

    init(_ core: Core) { self.core = core }

    /// The routes of the door, and what answers where there is nothing.
    var routes: [Route] {
        var routes: [Route] = []
        for method in [HTTPMethod.get, .post] {
            routes.append(
                Route(method, "/{bot}/{method}", .open, rate: .unlimited) { [self] in await call($0) })
            routes.append(
                Route(method, "/{bot}/test/{method}", .open, rate: .unlimited) { [self] in await call($0) })
            for nowhere in ["/", "/{rest...}"] {
                routes.append(
                    Route(method, nowhere, .open, rate: .unlimited) { _ in
                        Self.response(.failure(BotError(404, "Not Found")))
                    })
            }
        }
        routes.append(
            Route(.get, "/file/{bot}/{path...}", .open, rate: .unlimited) { [self] in await download($0) })
        return routes
    }

    // MARK: Calls

    private func call(_ request: Request) async -> Response {
        let name = request.parameters["method"].lowercased()
        let bot: Int64
        do throws(BotError) { bot = try self.bot(request.parameters["bot"]) } catch {
            return Self.response(.failure(error))
        }
        let fault = core.apply { $0.faults.hit(bot: bot, method: name, now: $0.world.clocks.moment) }
        let response: Response
        if let fault, !fault.isAfter, let answer = await before(fault, bot, name, request) {
            response = answer
        } else {
            response = Self.response(await answer(request, bot, name))
        }
        core.apply { $0.log.count(call: Self.known(name), status: response.status.code) }
        guard let fault, fault.isAfter else { return response }
        return await after(fault, response, bot, name, request)
    }

    /// Names that nobody knows are counted as one, so that the table stays small.
    private static func known(_ name: String) -> String {
        name == "getupdates" || BotMethods.find(name) != nil ? name : "unknown"
    }

    private func bot(_ part: String) throws(BotError) -> Int64 {
        guard part.lowercased().hasPrefix("bot") else { throw BotError(404, "Not Found") }
        let token = String(part.dropFirst(3))
        guard token.first != "0", token.contains(":"), token.utf8.count <= 80 else {
            throw BotError(401, "Unauthorized: invalid token specified")
        }
        let found = core.apply { state in
            state.tokens[token].flatMap { state.bots[$0] }.map { ($0.id, $0.isLoggedOut) }
        }
        guard let found else { throw .unauthorized }
        if found.1 { throw BotError(400, "Logged out") }
        return found.0
    }

    private func answer(_ request: Request, _ bot: Int64, _ name: String) async -> Result<BotAnswer, BotError>
    {
        let isPoll = name == "getupdates"
        guard isPoll || BotMethods.find(name) != nil else { return .failure(.noMethod) }
        do {
            let arguments = try await Self.arguments(request, max: core.settings.bodyBytesMax)
            let call = BotCall(bot: bot, method: name, arguments: arguments)
            return isPoll ? await getUpdates(call, request) : Self.perform(call, core)
        } catch let error as BotError {
            return .failure(error)
        } catch let error as APIError where error.code == .payloadTooLarge {
            return .failure(BotError(413, "Request Entity Too Large"))
        } catch {
            return .failure(.bad("the request cannot be read"))
        }
    }

    /// Does what a call asks for.
    private static func perform(_ call: BotCall, _ core: Core) -> Result<BotAnswer, BotError> {
        guard let method = BotMethods.find(call.method) else { return .failure(.noMethod) }
        do { return .success(try core.change { try method(&$0, call) }) } catch let error as BotError {
            return .failure(error)
        } catch let error as WorldError {
            return .failure(BotError(error))
        } catch {
            return .failure(BotError(500, "Internal Server Error"))
        }
    }

    /// Does what a webhook's answer asks for; nobody hears what came of it.
    static func reply(_ body: Bytes, bot: Int64, _ core: Core) {
        // An answer that is no call is an answer like any other.
        guard let document = try? JSON.parse(body), let name = document["method"]?.string?.lowercased(),
            let fields = JSONValue(document.root).object
        else { return }
        guard !["deletewebhook", "setwebhook", "close", "logout"].contains(name), !name.hasPrefix("get")
        else {
            return
        }
        _ = perform(BotCall(bot: bot, method: name, arguments: Arguments(fields)), core)
    }

    static func arguments(_ request: Request, max: Int) async throws -> Arguments {
        var arguments = Arguments()
        arguments.add(try fields(request.query))
        let body = try await request.body.collect(max: max)
        guard !body.isEmpty, let type = request.fields.bytes("content-type") else { return arguments }
        if let boundary = MultipartParser.boundary(ofContentType: type) {
            do { arguments.add(try MultipartPart.parse(body, boundary: boundary)) } catch {
                throw BotError.bad("can't parse the form")
            }
        } else if type.text?.lowercased().hasPrefix("application/json") == true {
            // The bot is told no more than that, as by Telegram.
            guard let fields = try? JSONValue(JSON.parse(body, limits: JSONLimits(bytesMax: max)).root).object
            else {
                throw BotError.bad("can't parse JSON object")
            }
            arguments.add(fields)
        } else if type.text?.lowercased().hasPrefix("application/x-www-form-urlencoded") == true {
            arguments.add(try fields(body))
        }
        return arguments
    }

    private static func fields(_ bytes: Bytes) throws -> [FormField] {
        do { return try FormField.parse(bytes) } catch { throw BotError.bad("can't parse the arguments") }
    }

    // MARK: Updates

    private func getUpdates(_ call: BotCall, _ request: Request) async -> Result<BotAnswer, BotError> {
        let arguments = call.arguments
        let limit = min(max(arguments.int("limit") ?? 100, 1), 100)
        let timeout = min(max(arguments.int("timeout") ?? 0, 0), 50)
        let offset = arguments.int64("offset") ?? 0
        let waiter = PollWaiter()
        do {
            let ready = try core.change { state -> BotAnswer? in
                guard state.bots[call.bot]?.webhook == nil else { throw BotError.webhookActive }
                state.endPoll(of: call.bot, .ended(.otherPoller))
                state.bots[call.bot]?.choose(arguments.json("allowed_updates"))
                state.bots[call.bot]?.updates.expire(state.world.now)
                if offset != 0 { state.bots[call.bot]?.updates.confirm(offset) }
                if let answer = state.waiting(call.bot, limit) { return answer }
                // Who asks again while it ends would hold it up.
                if state.isStopping { return BotAnswer("[]") }
                if timeout > 0 { state.bots[call.bot]?.poller = waiter }
                return nil
            }
            if let ready { return .success(ready) }
            guard timeout > 0 else { return .success(BotAnswer("[]")) }
            let outcome = await waiter.wait(.seconds(timeout), on: request.connection.loop)
            return .success(
                try core.change { state in
                    if state.bots[call.bot]?.poller === waiter { state.bots[call.bot]?.poller = nil }
                    if case .ended(let error?) = outcome { throw error }
                    return state.waiting(call.bot, limit) ?? BotAnswer("[]")
                })
        } catch let error as BotError {
            return .failure(error)
        } catch {
            return .failure(BotError(500, "Internal Server Error"))
        }
    }

    // MARK: Files

    private func download(_ request: Request) async -> Response {
        do throws(BotError) { _ = try bot(request.parameters["bot"]) } catch {
            return Self.response(.failure(error))
        }
        let path = request.parameters["path"]
        guard let file = core.apply({ $0.world.files.at(path) }) else {
            return Self.response(.failure(BotError(404, "Not Found")))
        }
        return Response(file.bytes, type: "application/octet-stream")
    }

    /// Has a bot wait, so that whatever it sends before then is counted.
    func closeFor(_ seconds: Int, _ bot: Int64) {
        core.apply { $0.limits.close(bot: bot, chat: nil, until: $0.world.clocks.moment + .seconds(seconds)) }
    }

    // MARK: Answers

    static func response(_ result: Result<BotAnswer, BotError>) -> Response {
        var writer = JSONWriter()
        switch result {
        case .success(let answer):
            writer.object {
                $0.field("ok", true)
                $0.key("result")
                $0.raw(answer.result)
                if let words = answer.words { $0.field("description", words) }
            }
            return .json(writer.finish())
        case .failure(let error):
            writer.object {
                $0.field("ok", false)
                $0.field("error_code", error.code)
                $0.field("description", error.description)
                guard error.retryAfter != nil || error.migrateTo != nil else { return }
                $0.key("parameters")
                $0.object {
                    if let seconds = error.retryAfter { $0.field("retry_after", seconds) }
                    if let chat = error.migrateTo { $0.field("migrate_to_chat_id", chat) }
                }
            }
            var response = Response.json(writer.finish(), status: HTTPStatus(error.code))
            if let seconds = error.retryAfter { response.fields.append("retry-after", "\(seconds)") }
            return response
        }
    }
}

extension State {
    /// The answer with what waits for a bot; nil where nothing does.
    func waiting(_ bot: Int64, _ limit: Int) -> BotAnswer? {
        let updates = bots[bot]?.updates.first(limit, now: world.now) ?? []
        guard !updates.isEmpty else { return nil }
        return BotAnswer { writer in
            writer.array { for update in updates { $0.raw(update.json) } }
        }
    }
}
