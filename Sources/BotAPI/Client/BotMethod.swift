internal import Base

/// The name of a method of the Bot API, and what is known of it.
///
/// Telegram takes the names in any case; the ones that it documents are known here by their usual form.
package struct BotMethod: Sendable, Hashable {
    /// What a method does, as far as pacing and repeating are concerned.
    package enum Kind: Sendable, Equatable {
        /// Reads, or answers a question of Telegram's: no message comes of it.
        case read
        /// Changes something, so that doing it twice is the same as once.
        case change
        /// Makes something new each time, such as a message.
        case send
    }

    /// The name: as Telegram writes it where the method is known, else as it was given.
    package let name: String
    /// What it does; of an unknown method the worst is thought.
    package let kind: Kind
    /// Whether it is a method that is known here.
    let isKnown: Bool

    /// Reads a name; nil where it could be none, so that nothing but a name ever stands in a URL.
    package init?(_ text: String) {
        guard (1...64).contains(text.utf8.count), text.utf8.allSatisfy(Self.isNameByte) else { return nil }
        let known = Self.known[text.lowercased()]
        name = known ?? text
        isKnown = known != nil
        kind = Self.kind(of: name.lowercased())
    }

    /// A method whose name is written in the source.
    init(known name: StaticString) {
        self.name = "\(name)"
        isKnown = true
        kind = Self.kind(of: self.name.lowercased())
    }

    /// Whether carrying it out twice does no harm.
    package var isRepeatable: Bool { kind != .send }

    private static func kind(of name: String) -> Kind {
        let starts = { (prefixes: [String]) in prefixes.contains { name.hasPrefix($0) } }
        // `sendChatAction` shows "typing…" for five seconds.
        if name == "sendchataction" { return .change }
        if starts(["get", "answer"]) { return .read }
        if starts(["set", "edit", "delete", "pin", "unpin", "ban", "unban", "restrict", "promote"]) {
            return .change
        }
        if starts(["approve", "decline", "close", "reopen", "hide", "unhide", "leave", "logout"]) {
            return .change
        }
        return .send
    }

    private static func isNameByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39: true
        default: false
        }
    }

    /// The methods that metrics tell apart, by their names in lower case.
    private static let known: [String: String] = {
        let names = """
            getMe logOut close getUpdates setWebhook deleteWebhook getWebhookInfo sendMessage forwardMessage \
            forwardMessages copyMessage copyMessages sendPhoto sendAudio sendDocument sendVideo sendAnimation \
            sendVoice sendVideoNote sendPaidMedia sendMediaGroup sendLocation sendVenue sendContact sendPoll \
            sendDice sendChatAction sendSticker sendInvoice sendGame setMessageReaction getUserProfilePhotos \
            getFile getChat getChatAdministrators getChatMemberCount getChatMember banChatMember \
            unbanChatMember restrictChatMember promoteChatMember pinChatMessage unpinChatMessage leaveChat \
            answerCallbackQuery answerInlineQuery answerPreCheckoutQuery answerShippingQuery setMyCommands \
            getMyCommands deleteMyCommands editMessageText editMessageCaption editMessageMedia \
            editMessageReplyMarkup stopPoll deleteMessage deleteMessages createChatInviteLink
            """
        return Dictionary(
            names.split(separator: " ").map { ($0.lowercased(), String($0)) },
            uniquingKeysWith: { first, _ in first })
    }()
}
