import Base
import HTTPServer
import Kernel

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
        var chats: [Int64?] = []
        for name in chatNames {
            guard let text = arguments[name] else { continue }
            // A name such as @channel could be any chat.
            chats.append(Int64(text))
        }
        if chats.isEmpty { chats = [nil] }
        for chat in chats {
            guard bounds.contains(chat: chat, source: bot) else { throw refusal }
        }
    }

    private static let chatNames = ["chat_id", "from_chat_id"]
    private static let refusal = APIError(.forbidden, "the key does not reach this chat")
}
