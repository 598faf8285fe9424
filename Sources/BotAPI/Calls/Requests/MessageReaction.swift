package import Base
internal import Wire

/// How a bot reacts to a message.
package struct MessageReaction: BotRequest {
    /// What it shows.
    package enum Sign: Sendable {
        /// Nothing any more.
        case none
        /// One of those that Telegram knows.
        case emoji(String)
        /// Telegram's list of `ReactionType`.
        case list(Bytes)
    }

    private let chat: Int64
    private let message: Int64
    private let sign: Sign
    private let isBig: Bool?

    private static let emojiBytesMax = 64

    /// The method that it calls.
    package let method = BotMethod(known: "setMessageReaction")

    /// A reaction to a message; a big one is shown with an animation.
    package init(_ sign: Sign, to message: Int64, in chat: Int64, isBig: Bool? = nil) {
        self.sign = sign
        self.message = message
        self.chat = chat
        self.isBig = isBig
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        parameters.add("message_id", message)
        parameters.add("reaction", json: list)
        parameters.add("is_big", isBig)
        return parameters
    }

    private var list: Bytes {
        switch sign {
        case .none: return "[]"
        case .list(let list): return list
        case .emoji(let emoji):
            var writer = JSONWriter()
            writer.array {
                $0.object {
                    $0.field("type", "emoji")
                    $0.field("emoji", emoji)
                }
            }
            return writer.finish()
        }
    }

    /// Throws where there is no such message or emoji.
    package func check() throws(BotRequestError) {
        try MessageNumbers.check(message)
        guard case .emoji(let emoji) = sign else { return }
        guard (1...Self.emojiBytesMax).contains(emoji.utf8.count) else {
            throw BotRequestError("emoji", "must be one emoji")
        }
    }
}
