import Base
import Chats
import Kernel
import Wire

/// `heliograph chat`: chats and their messages, as the server has them.
enum ChatCommand {
    static func run(_ operands: [String], _ options: [String: String], _ configuration: Configuration)
        async throws(UsageError) -> ExitCode
    {
        let isJSON = options["--json"] != nil
        var limit = 50
        if let text = options["--limit"] {
            guard let number = Int(text), (1...10_000).contains(number) else {
                throw UsageError("--limit takes a whole number from 1 to 10000")
            }
            limit = number
        }
        let count = limit
        switch (operands.first, operands.count) {
        case ("list", 1):
            return await withBots(configuration) { tools in
                let chats = try await Chats(tools.database, tools.log).everyChat(limit: count)
                if isJSON {
                    var writer = JSONWriter()
                    writer.object { $0.field("chats", chats) }
                    Terminal.say(writer.finish())
                } else {
                    for chat in chats { Terminal.say("\(chat.line)\n") }
                }
            }
        case ("history", 2):
            guard let id = Int64(operands[1]) else { throw UsageError("\(operands[1]) is no chat's number") }
            return await withBots(configuration) { tools in
                let messages = try await Chats(tools.database, tools.log).history(of: id, limit: count)
                // The latest stands last, where a reader of a terminal looks.
                for message in messages.reversed() {
                    if isJSON {
                        var writer = JSONWriter()
                        message.write(to: &writer)
                        Terminal.say(writer.finish())
                    } else {
                        Terminal.say("\(message.line)\n")
                    }
                }
            }
        default: throw UsageError("chat needs `list`, or `history` and a chat's number")
        }
    }
}
