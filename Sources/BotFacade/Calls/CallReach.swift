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
        // A name such as @channel could be any chat.
        var chats = arguments.all("chat_id").map { Int64($0) }
        let sources = arguments.all("from_chat_id").map { Int64($0) } + quoted(arguments)
        if chats.isEmpty, sources.isEmpty { chats = [nil] }
        for chat in chats + sources {
            guard bounds.contains(chat: chat, source: bot) else { throw refusal }
        }
        // What is forwarded, copied or quoted from another chat is read there.
        for chat in sources where !chats.contains(chat) {
            guard caller.may(.chatsRead), caller.reach.read.contains(chat: chat, source: bot) else {
                throw refusal
            }
        }
    }

    /// The chats from which a call quotes; nil stands for one that cannot be told.
    private static func quoted(_ arguments: CallArguments) -> [Int64?] {
        arguments.all("reply_parameters").flatMap { text -> [Int64?] in
            do {
                return try JSON.parse(Bytes(text)).root.members.filter {
                    $0.isNamed("chat_id") && !$0.value.isNull
                }.map {
                    $0.value.int64 ?? $0.value.string.flatMap { Int64($0) }
                }
            } catch {
                return [nil]
            }
        }
    }

    private static let refusal = APIError(.forbidden, "the key does not reach this chat")
}
