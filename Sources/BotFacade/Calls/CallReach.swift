import Base
import HTTPServer
import Kernel
import Wire

/// Whether a caller may have a method carried out with a bot.
enum CallReach {
    /// Throws where it may not.
    static func check(_ method: String, _ arguments: CallArguments, _ caller: Caller, _ bot: Source)
        throws(APIError)
    {
        let name = method.lowercased()
        let isRead = name.hasPrefix("get")
        guard caller.may(isRead ? .chatsRead : .chatsSend) else {
            throw APIError(.forbidden, "the key may not \(isRead ? "read" : "send")")
        }
        let bounds = isRead ? caller.reach.read : caller.reach.send
        switch name {
        case "getme", "getmycommands", "getmyname", "getmydescription":
            // About the bot itself, which whoever holds a key for any of its chats may know.
            guard bounds.mayHold(source: bot) else { throw refusal }
            return
        case _ where name.hasPrefix("answer"):
            // Answers to what was received through a chat that the key reaches.
            guard bounds.mayHold(source: bot) else { throw refusal }
            return
        default: break
        }
        try check(chat: arguments["chat_id"], bounds, bot)
        for chat in try sources(arguments) {
            // What is forwarded, copied or quoted is read in the chat that it comes from.
            guard caller.may(.chatsRead) else { throw APIError(.forbidden, "the key may not read") }
            try check(chat: chat, caller.reach.read, bot)
        }
    }

    /// A name such as @channel could be any chat, and no chat at all is the bot itself.
    private static func check(chat: String?, _ bounds: ChatReach.Bounds, _ bot: Source) throws(APIError) {
        guard bounds.contains(chat: chat.flatMap { Int64($0) }, source: bot) else { throw refusal }
    }

    /// The chats that a call takes something from.
    private static func sources(_ arguments: CallArguments) throws(APIError) -> [String] {
        var sources = [arguments["from_chat_id"]].compactMap(\.self)
        if let text = arguments["reply_parameters"], !text.isEmpty {
            do throws(JSONError) {
                for member in try JSON.parse(Bytes(text)).root.members where member.isNamed("chat_id") {
                    sources.append(member.value.string ?? member.value.raw.repairedText)
                }
            } catch {
                throw APIError(.badRequest, "can't parse reply parameters JSON object")
            }
        }
        return sources
    }

    private static let refusal = APIError(.forbidden, "the key does not reach this chat")
}
