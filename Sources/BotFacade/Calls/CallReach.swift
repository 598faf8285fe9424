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
        guard !ofTheGateway.contains(name) else {
            // They would take the bot from everybody else who uses it, or tell a real token.
            throw APIError(.forbidden, "the bot belongs to the gateway")
        }
        guard !arguments.namesLocalFile else {
            throw APIError(.forbidden, "files of the server's disk are not sent")
        }
        let isRead = name.hasPrefix("get")
        guard caller.may(isRead ? .chatsRead : .chatsSend) else {
            throw APIError(.forbidden, "the key may not \(isRead ? "read" : "send")")
        }
        let bounds = isRead ? caller.reach.read : caller.reach.send
        if ofAnyChat.contains(name) {
            guard bounds.mayHold(source: bot) else { throw refusal }
            return
        }
        // Only where the method itself goes by the chat that is named does naming one say what is reached.
        let isOfOneChat = ofOneChat.contains(name) && arguments["inline_message_id"] == nil
        try check(chat: isOfOneChat ? arguments["chat_id"] : nil, bounds, bot)
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

extension CallReach {
    /// What nobody may have carried out for them, whatever their key reaches.
    private static let ofTheGateway: Set = [
        "getupdates", "setwebhook", "deletewebhook", "getwebhookinfo", "logout", "close",
        "getmanagedbottoken", "replacemanagedbottoken",
    ]

    /// About the bot itself, which whoever holds a key for any of its chats may know; and answers to buttons, whose
    /// numbers only those know who have received them.
    private static let ofAnyChat: Set = [
        "getme", "getmycommands", "getmyname", "getmydescription", "getmyshortdescription",
        "answercallbackquery",
    ]

    /// The methods that act on the chat in `chat_id` and on nothing else.
    ///
    /// To all others, known or not, a chat is at most an addition: they need a key for the whole bot.
    private static let ofOneChat: Set<String> = {
        let names = """
            sendMessage sendMessageDraft forwardMessage forwardMessages copyMessage copyMessages sendPhoto sendAudio \
            sendDocument sendVideo sendAnimation sendVoice sendVideoNote sendPaidMedia sendMediaGroup sendLocation \
            sendVenue sendContact sendPoll sendChecklist sendDice sendChatAction sendSticker sendInvoice sendGame \
            setMessageReaction editMessageText editMessageCaption editMessageMedia editMessageLiveLocation \
            stopMessageLiveLocation editMessageChecklist editMessageReplyMarkup stopPoll deleteMessage deleteMessages \
            approveSuggestedPost declineSuggestedPost pinChatMessage unpinChatMessage unpinAllChatMessages \
            banChatMember unbanChatMember restrictChatMember promoteChatMember setChatAdministratorCustomTitle \
            setChatMemberTag banChatSenderChat unbanChatSenderChat setChatPermissions exportChatInviteLink \
            createChatInviteLink editChatInviteLink createChatSubscriptionInviteLink editChatSubscriptionInviteLink \
            revokeChatInviteLink approveChatJoinRequest declineChatJoinRequest setChatPhoto deleteChatPhoto \
            setChatTitle setChatDescription leaveChat getChat getChatAdministrators getChatMemberCount \
            getChatMember setChatStickerSet deleteChatStickerSet createForumTopic editForumTopic closeForumTopic \
            reopenForumTopic deleteForumTopic unpinAllForumTopicMessages editGeneralForumTopic \
            closeGeneralForumTopic reopenGeneralForumTopic hideGeneralForumTopic unhideGeneralForumTopic \
            unpinAllGeneralForumTopicMessages getUserChatBoosts setGameScore getGameHighScores
            """
        return Set(names.split(separator: " ").map { $0.lowercased() })
    }()
}
