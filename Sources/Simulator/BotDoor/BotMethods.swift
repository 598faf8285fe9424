import Base
import Wire

/// A call of a method by a bot.
struct BotCall: Sendable {
    let bot: Int64
    /// The name in lower case.
    let method: String
    let arguments: Arguments
}

/// What a method answers when it succeeds.
struct BotAnswer: Sendable {
    let result: Bytes
    var words: String?

    init(_ result: Bytes, _ words: String? = nil) {
        self.result = result
        self.words = words
    }

    /// An answer whose result the closure writes.
    init(_ write: (inout JSONWriter) throws -> Void) rethrows {
        var writer = JSONWriter()
        try write(&writer)
        result = writer.finish()
    }

    static let done = BotAnswer("true")
}

/// The methods of the door, but for `getUpdates`, which waits.
enum BotMethods {
    typealias Method = @Sendable (inout State, BotCall) throws -> BotAnswer

    static func find(_ name: String) -> Method? { table[name] }

    private static let table: [String: Method] = sending.merging(others) { first, _ in first }

    private static let sending: [String: Method] = [
        "sendmessage": { try $0.sendMessage($1) },
        "sendphoto": { try $0.sendMedia($1, .photo) },
        "senddocument": { try $0.sendMedia($1, .document) },
        "sendaudio": { try $0.sendMedia($1, .audio) },
        "sendvideo": { try $0.sendMedia($1, .video) },
        "sendvoice": { try $0.sendMedia($1, .voice) },
        "sendanimation": { try $0.sendMedia($1, .animation) },
        "sendvideonote": { try $0.sendMedia($1, .videoNote) },
        "sendsticker": { try $0.sendMedia($1, .sticker) },
        "sendmediagroup": { try $0.sendMediaGroup($1) },
        "sendpoll": { try $0.sendPoll($1) },
        "sendlocation": { try $0.sendLocation($1) },
        "sendvenue": { try $0.sendVenue($1) },
        "sendcontact": { try $0.sendContact($1) },
        "senddice": { try $0.sendDice($1) },
        "forwardmessage": { try $0.forward($1) },
        "forwardmessages": { try $0.forwardMany($1) },
        "copymessage": { try $0.copy($1) },
        "copymessages": { try $0.copyMany($1) },
    ]

    private static let others: [String: Method] = [
        "getme": { state, call in try state.getMe(call) },
        "setwebhook": { try $0.setWebhook($1) },
        "deletewebhook": { try $0.deleteWebhook($1) },
        "getwebhookinfo": { try $0.getWebhookInfo($1) },
        "editmessagetext": { try $0.editText($1) },
        "editmessagecaption": { try $0.editCaption($1) },
        "editmessagereplymarkup": { try $0.editMarkup($1) },
        "editmessagemedia": { try $0.editMedia($1) },
        "deletemessage": { try $0.deleteMessage($1) },
        "deletemessages": { try $0.deleteMessages($1) },
        "stoppoll": { try $0.stopPoll($1) },
        "sendchataction": { try $0.sendChatAction($1) },
        "answercallbackquery": { try $0.answerCallback($1) },
        "answerinlinequery": { try $0.answerInline($1) },
        "getchat": { try $0.getChat($1) },
        "getchatmember": { try $0.getChatMember($1) },
        "getchatadministrators": { try $0.getAdministrators($1) },
        "getchatmembercount": { try $0.getMemberCount($1) },
        "getchatmemberscount": { try $0.getMemberCount($1) },
        "getfile": { try $0.getFile($1) },
        "setmycommands": { try $0.setCommands($1) },
        "getmycommands": { try $0.getCommands($1) },
        "deletemycommands": { try $0.deleteCommands($1) },
        "setmessagereaction": { try $0.setReaction($1) },
        "pinchatmessage": { try $0.pin($1) },
        "unpinchatmessage": { try $0.unpin($1) },
        "unpinallchatmessages": { try $0.unpinAll($1) },
        "banchatmember": { try $0.ban($1) },
        "kickchatmember": { try $0.ban($1) },
        "unbanchatmember": { try $0.unban($1) },
        "leavechat": { try $0.leaveChat($1) },
        "logout": { state, call in
            state.bots[call.bot]?.isLoggedOut = true
            state.endPoll(of: call.bot, .ended(.bad("logged out")))
            return .done
        },
        "close": { _, _ in .done },
    ]
}
