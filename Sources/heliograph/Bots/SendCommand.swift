import Base
import BotAPI
import Bots
import Bus
import Chats
import HTTPServer
import Kernel
import Sending
import Wire

/// `heliograph send`: a text through the outbox of the server that runs beside.
enum SendCommand {
    /// How long the answer is waited for.
    private static let patience = Duration.seconds(30)

    static func run(_ operands: [String], _ options: [String: String], _ configuration: Configuration)
        async throws(UsageError) -> ExitCode
    {
        guard operands.count == 2, let chat = Int64(operands[0]) else {
            throw UsageError("send needs a chat's number and a text; `-` reads the text from standard input")
        }
        var text = operands[1]
        if text == "-" {
            var lines: [String] = []
            while let line = readLine(strippingNewline: false) { lines.append(line) }
            text = lines.joined()
        }
        let words = text
        let name = options["--bot"]
        let waits = options["--no-wait"] == nil
        return await withBots(configuration) { tools in
            var bots = try await Chats(tools.database, tools.log).sources(of: chat).compactMap(\.botID)
            if let name { bots = [try tools.bot(name).id] }
            guard let bot = bots.first, bots.count == 1 else {
                throw APIError(
                    .validationFailed,
                    bots.isEmpty
                        ? "no bot is known to reach this chat: name one with --bot"
                        : "several bots reach this chat: name one with --bot")
            }
            let sends = Sends(tools.sending)
            let send = try await sends.submit(try draft(bot, chat, words), by: console)
            say(waits ? try await outcome(of: send, sends) : send)
        }
    }

    /// Whoever runs the program's commands, who can read the database anyway.
    private static let console = Caller(
        userID: 0, userName: "console", credential: .console, roles: [], permissions: Permission.all,
        reach: .everything)

    private static func draft(_ bot: Int64, _ chat: Int64, _ text: String) throws -> SendDraft {
        guard let method = BotMethod("sendMessage") else { throw APIError(.internalError) }
        var writer = JSONWriter()
        writer.object {
            $0.key("chat_id")
            $0.value(chat)
            $0.field("text", text)
        }
        return SendDraft(bot: bot, chat: chat, method: method, body: .json(writer.finish()))
    }

    private static func outcome(of send: Send, _ sends: Sends) async throws -> Send {
        let deadline = Clocks.system.moment + patience
        var latest = send
        while !latest.state.isFinal, Clocks.system.moment < deadline {
            try await Task.sleep(for: .milliseconds(100))
            latest = try await sends.send(send.id) ?? latest
        }
        return latest
    }

    private static func say(_ send: Send) {
        guard !Terminal.isOutputRead else {
            let message = send.message.map { " as message \($0)" } ?? ""
            let why = send.error.map { ": \($0)" } ?? ""
            let hint = send.state == .pending ? " (does the server run?)" : ""
            return Terminal.say("\(send.state.rawValue)\(message)\(why)\(hint)\n")
        }
        var writer = JSONWriter()
        writer.object { $0.field("send", send) }
        Terminal.say(writer.finish())
    }
}
