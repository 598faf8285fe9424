/// Messages of one chat that are sent once more to another: as they are, or as if they were new.
package struct MessageRelay: BotRequest {
    /// Whether it is told where they are from.
    package enum Kind: Sendable {
        /// It is.
        case forward
        /// It is not.
        case copy
    }

    private let kind: Kind
    private let chat: Int64
    private let source: Int64
    private let messages: [Int64]
    private let caption: FormattedText?
    private let options: MessageOptions

    /// Messages from one chat to another; a caption is for one that is copied.
    package init(
        _ kind: Kind, _ messages: [Int64], from source: Int64, to chat: Int64, caption: FormattedText? = nil,
        _ options: MessageOptions = MessageOptions()
    ) {
        self.kind = kind
        self.messages = messages
        self.source = source
        self.chat = chat
        self.caption = caption
        self.options = options
    }

    /// The method that it calls: of one message Telegram tells more.
    package var method: BotMethod {
        switch (kind, messages.count) {
        case (.forward, 1): BotMethod(known: "forwardMessage")
        case (.forward, _): BotMethod(known: "forwardMessages")
        case (.copy, 1): BotMethod(known: "copyMessage")
        case (.copy, _): BotMethod(known: "copyMessages")
        }
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        parameters.add("from_chat_id", source)
        if messages.count == 1 {
            parameters.add("message_id", messages[0])
        } else {
            parameters.add("message_ids", messages)
        }
        caption?.addCaption(to: &parameters)
        options.add(to: &parameters)
        return parameters
    }

    /// Throws where these are no messages, or have another caption all together.
    package func check() throws(BotRequestError) {
        try MessageNumbers.check(messages)
        // Telegram takes them in their order alone.
        guard zip(messages, messages.dropFirst()).allSatisfy({ $0 < $1 }) else {
            throw BotRequestError("messageIds", "must rise")
        }
        guard let caption else { return }
        guard kind == .copy, messages.count == 1 else {
            throw BotRequestError("caption", "is for one message that is copied")
        }
        try caption.check("caption", mayBeEmpty: true)
    }
}

/// The numbers of messages, as calls name them.
enum MessageNumbers {
    private static let count = 1...100

    static func check(_ messages: [Int64]) throws(BotRequestError) {
        guard count.contains(messages.count) else {
            throw BotRequestError("messageIds", "must have 1 to 100 numbers")
        }
        for message in messages { try check(message, "messageIds") }
    }

    static func check(_ message: Int64, _ field: String = "messageId") throws(BotRequestError) {
        guard (1...Int64(Int32.max)).contains(message) else {
            throw BotRequestError(field, "must be the number of a message")
        }
    }
}
