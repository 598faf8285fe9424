package import Base

/// What a message may have beside its content.
package struct MessageOptions: Sendable {
    /// What it answers, as Telegram's `ReplyParameters`.
    package var replyParameters: Bytes?
    /// Its buttons, as Telegram's JSON.
    package var replyMarkup: Bytes?
    /// Whether it comes without a sound.
    package var disableNotification: Bool?
    /// Whether it cannot be forwarded or kept.
    package var protectContent: Bool?
    /// The topic that it goes to.
    package var messageThreadID: Int64?
    /// What is played when it comes, in a private chat.
    package var messageEffectID: String?

    /// No options.
    package init() {}

    func add(to parameters: inout BotParameters) {
        parameters.add("reply_parameters", json: replyParameters)
        parameters.add("reply_markup", json: replyMarkup)
        parameters.add("disable_notification", disableNotification)
        parameters.add("protect_content", protectContent)
        parameters.add("message_thread_id", messageThreadID)
        parameters.add("message_effect_id", messageEffectID)
    }
}

/// A text, and how its special parts are told: by marks in it, or by a list of them.
package struct FormattedText: Sendable {
    private let text: String
    private let parseMode: String?
    private let entities: Bytes?

    /// Marks and links count for nothing with Telegram, whose own bounds are 4,096 for a text and 1,024 for a caption.
    private static let charactersMax = 65_536

    /// A text whose marks are of a mode (HTML, MarkdownV2, Markdown), or that has Telegram's list of `MessageEntity`.
    package init(_ text: String, parseMode: String? = nil, entities: Bytes? = nil) {
        self.text = text
        self.parseMode = parseMode
        self.entities = entities
    }

    func add(_ name: String, entities entitiesName: String, to parameters: inout BotParameters) {
        parameters.add(name, text)
        parameters.add("parse_mode", parseMode)
        parameters.add(entitiesName, json: entities)
    }

    func addCaption(to parameters: inout BotParameters) {
        add("caption", entities: "caption_entities", to: &parameters)
    }

    func check(_ field: String, mayBeEmpty: Bool = false) throws(BotRequestError) {
        guard mayBeEmpty || !text.allSatisfy(\.isWhitespace) else {
            throw BotRequestError(field, "must not be empty")
        }
        guard text.unicodeScalars.count <= Self.charactersMax else {
            throw BotRequestError(field, "is too long")
        }
    }
}
