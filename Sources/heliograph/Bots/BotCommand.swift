import Base
import BotFacade
import Bots
import Identity
import Wire

/// `heliograph bot`: bots, from the machine that the server runs on.
///
/// A running server takes it in within a second.
enum BotCommand {
    static let actions = ["add", "list", "show", "pause", "resume", "remove", "replace-token", "token"]

    static func run(_ operands: [String], _ options: [String: String], _ configuration: Configuration)
        async throws(UsageError) -> ExitCode
    {
        guard let action = operands.first, actions.contains(action) else {
            throw UsageError("bot needs one of \(actions.joined(separator: ", "))")
        }
        let isJSON = options["--json"] != nil
        switch action {
        case "list":
            return await withBots(configuration) {
                say(try await $0.bots.page(after: 0, limit: 10_000), isJSON)
            }
        case "add":
            var mode: Bot.Mode?
            if let text = options["--mode"] {
                guard let known = Bot.Mode(rawValue: text) else {
                    throw UsageError("--mode is webhook or polling")
                }
                mode = known
            }
            let draft = Bots.Draft(token: try token(), displayName: options["--display-name"], mode: mode)
            return await withBots(configuration) {
                say([try await $0.bots.register(draft, by: .console)], isJSON)
            }
        default: break
        }
        guard operands.count == 2 else { throw UsageError("bot \(action) needs a bot: its @name or number") }
        let name = operands[1]
        if action == "token" { return try await programToken(name, options, configuration) }
        let fresh = action == "replace-token" ? try token() : nil
        return await withBots(configuration) { tools in
            let bot = try tools.bot(name)
            switch action {
            case "show": say([try await tools.bots.bot(bot.id)], isJSON)
            case "pause", "resume":
                let change = Bots.Change(isPaused: action == "pause")
                say([try await tools.bots.change(bot.id, change, by: .console)], isJSON)
            case "replace-token":
                say([try await tools.bots.replaceToken(fresh ?? "", of: bot.id, by: .console)], isJSON)
            default:
                try await tools.bots.delete(bot.id, by: .console)
                Terminal.say(isJSON ? "{\"deleted\":true}\n" : "removed @\(bot.username)\n")
            }
        }
    }

    /// A token for a program that speaks the Bot API.
    private static func programToken(
        _ name: String, _ options: [String: String], _ configuration: Configuration
    ) async throws(UsageError) -> ExitCode {
        guard let username = options["--username"] else {
            throw UsageError("bot token needs --username NAME: the user for whom the program acts")
        }
        return await withBots(configuration) { tools in
            let user = try await tools.identity.users.user(named: username)
            let made = try await ProgramTokens(tools.identity.keys, tools.database, tools.log).make(
                for: try tools.bot(name), name: options["--name"], canSend: options["--read-only"] == nil,
                userID: user.id, by: .console)
            guard options["--json"] != nil else { return Terminal.say("\(made.token)\n") }
            var writer = JSONWriter()
            writer.object {
                $0.field("keyId", made.id)
                $0.field("token", made.token)
            }
            Terminal.say(writer.finish())
        }
    }

    /// From standard input: on a command line it would stand in the list of processes and the shell's history.
    private static func token() throws(UsageError) -> String {
        if Terminal.isInputTyped { Terminal.complain("The token from @BotFather: ") }
        guard let line = readLine(strippingNewline: true), !line.isEmpty else {
            throw UsageError("standard input has no token")
        }
        return line
    }

    private static func say(_ bots: [Bot], _ isJSON: Bool) {
        guard isJSON else {
            for bot in bots {
                let state = bot.isPaused ? "paused" : bot.state.rawValue
                let reason = bot.reason.map { "  \($0)" } ?? ""
                Terminal.say("\(bot.id)  @\(bot.username)  \(bot.mode.rawValue)  \(state)\(reason)\n")
            }
            return
        }
        var writer = JSONWriter()
        writer.object { $0.field("bots", bots) }
        Terminal.say(writer.finish())
    }
}
