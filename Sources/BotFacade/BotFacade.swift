package import Base
import BotAPI
package import Bots
package import Bus
package import Chats
import HTTPClient
import HTTPServer
package import Identity
package import Kernel
package import Sending
package import Store
import Synchronization
import Wire

/// The Bot API of this server: programs written for Telegram use it with a key of ours in place of the bot's token.
package final class BotFacade: Sendable {
    /// What the room needs of the others.
    package struct Parts: Sendable {
        let database: any Database
        let vault: Vault
        let log: EventLog
        let registry: BotRegistry
        let callers: Callers
        let files: Files
        /// Has methods carried out by Telegram; what is sent goes through the outbox.
        let sends: Sends
        let bus: any Bus
        /// The largest body that a call may have.
        let bodyMax: Int
        /// Whether programs may have updates delivered into our own networks.
        let allowsPrivate: Bool
        let clocks: Clocks
        let logger: Logger

        /// Puts the parts together.
        package init(
            database: any Database, vault: Vault, log: EventLog, registry: BotRegistry, callers: Callers,
            files: Files, sends: Sends, bus: any Bus,
            bodyMax: Int, allowsPrivate: Bool, clocks: Clocks = .system, logger: Logger = .silent
        ) {
            self.database = database
            self.vault = vault
            self.log = log
            self.registry = registry
            self.callers = callers
            self.files = files
            self.bodyMax = bodyMax
            self.allowsPrivate = allowsPrivate
            self.clocks = clocks
            self.logger = logger
            self.sends = sends
            self.bus = bus
        }
    }

    /// The columns that hold what the vault has sealed.
    package static let sealedColumns = [ProgramStore.secretColumn]

    let parts: Parts
    let programs: Programs
    let polls: ActivePolls
    private let listeners = Mutex<[@Sendable () -> Void]>([])
    var logger: Logger { parts.logger }
    /// What forgets the programs of keys that are good no more.
    var sweep: ProgramSweep { ProgramSweep(database: parts.database, clocks: parts.clocks) }

    /// The endpoint over its parts.
    package init(_ parts: Parts) {
        self.parts = parts
        polls = ActivePolls(parts.bus)
        programs = Programs(parts.database, parts.vault, parts.log, parts.clocks)
    }

    /// Calls back whenever a program has asked for other deliveries.
    func listen(_ listener: @escaping @Sendable () -> Void) { listeners.withLock { $0.append(listener) } }

    private func changed() { for listener in listeners.withLock({ $0 }) { listener() } }

    /// Carries out a call.
    func call(_ name: String, _ arguments: CallArguments, _ caller: Caller, _ bot: Bot, _ request: Request)
        async throws -> Response
    {
        guard let method = BotMethod(name) else {
            return CallAnswer.failure(404, "Not Found: method not found")
        }
        switch method.name.lowercased() {
        case "getupdates":
            try Self.checkReads(caller, bot)
            return try await GetUpdates(
                log: parts.log, programs: programs, callers: parts.callers, polls: polls
            )
            .answer(arguments, caller, bot.id, request)
        case "setwebhook", "deletewebhook", "getwebhookinfo":
            try Self.checkReads(caller, bot)
            return try await hook(method.name.lowercased(), arguments, caller, bot)
        default: return try await pass(method, arguments, caller, bot, request.connection.drain)
        }
    }

    private func hook(_ name: String, _ arguments: CallArguments, _ caller: Caller, _ bot: Bot) async throws
        -> Response
    {
        guard let keyID = caller.keyID else {
            return CallAnswer.failure(400, "Bad Request: only a program with a key has a webhook")
        }
        let program = try await programs.program(keyID, bot.id)
        let calls = HookCalls(log: parts.log, programs: programs, polls: polls, clocks: parts.clocks) {
            self.changed()
        }
        switch name {
        case "setwebhook": return try await calls.set(arguments, program)
        case "deletewebhook": return try await calls.delete(arguments, program)
        default: return try await calls.info(program, caller.reach)
        }
    }

    private func pass(
        _ method: BotMethod, _ arguments: CallArguments, _ caller: Caller, _ bot: Bot, _ drain: DrainSignal?
    ) async throws -> Response {
        try CallReach.check(method.name, arguments, caller, bot.source)
        let answer = try await parts.sends.pass(
            method, arguments.body, bot: bot.id, chat: arguments["chat_id"].flatMap { Int64($0) },
            owner: caller.subject, drain: drain)
        var response = Response.json(answer.whole, status: HTTPStatus(answer.status))
        if answer.status == 429, let seconds = CallAnswer.retryAfter(answer.whole) {
            response.fields.append("retry-after", "\(seconds)")
        }
        return response
    }

    /// A program that reads needs a key that reaches something of the bot's.
    static func checkReads(_ caller: Caller, _ bot: Bot) throws(APIError) {
        guard caller.may(.chatsRead), caller.reach.read.mayHold(source: bot.source) else {
            throw APIError(.forbidden, "the key does not read what this bot receives")
        }
    }

    /// What delivers the updates of a program; nil where it may have none any more.
    func runner(of program: Program, _ client: HTTPClient, _ progress: HookProgress) async throws
        -> HookRunner?
    {
        guard let url = program.url, let caller = try await parts.callers.holder(of: program.keyID),
            let bot = parts.registry.bot(program.botID)
        else { return nil }
        let post = HookPost(
            client: client, url: url, secret: try programs.secret(of: program),
            allowsPrivate: parts.allowsPrivate)
        return HookRunner(
            program: program, programs: programs, log: parts.log, reach: caller.reach, post: post,
            now: { try await self.parts.callers.holder(of: program.keyID)?.reach },
            reply: { reply in
                // Its result is told to nobody, as with Telegram.
                guard let arguments = try? CallArguments(query: Bytes(), body: reply.body, type: reply.type),
                    let method = BotMethod(reply.method),
                    method.kind != .read || reply.method.lowercased().hasPrefix("answer")
                else { return }
                do {
                    _ = try await self.pass(method, arguments, caller, bot, nil)
                } catch {
                    self.logger.warning("a reply to an update failed", ["error": .init(describing: error)])
                }
            }, progress: progress, logger: logger)
    }
}
