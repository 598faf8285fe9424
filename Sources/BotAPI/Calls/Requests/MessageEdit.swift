package import Base

/// Another text, caption or keyboard for a message that is there.
package struct MessageEdit: BotRequest {
    /// What becomes new.
    package enum Change: Sendable {
        /// The text; the options of the link's preview are Telegram's JSON.
        case text(FormattedText, linkPreviewOptions: Bytes?)
        /// What stands below a file.
        case caption(FormattedText)
        /// Only what every change may bring.
        case replyMarkup
    }

    private let chat: Int64
    private let message: Int64
    private let change: Change
    private let replyMarkup: Bytes?

    /// A change of a message; without buttons it has none afterwards.
    package init(_ message: Int64, in chat: Int64, _ change: Change, replyMarkup: Bytes?) {
        self.message = message
        self.chat = chat
        self.change = change
        self.replyMarkup = replyMarkup
    }

    /// The method that it calls.
    package var method: BotMethod {
        switch change {
        case .text: BotMethod(known: "editMessageText")
        case .caption: BotMethod(known: "editMessageCaption")
        case .replyMarkup: BotMethod(known: "editMessageReplyMarkup")
        }
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        parameters.add("message_id", message)
        switch change {
        case .text(let text, let linkPreviewOptions):
            text.add("text", entities: "entities", to: &parameters)
            parameters.add("link_preview_options", json: linkPreviewOptions)
        case .caption(let caption): caption.addCaption(to: &parameters)
        case .replyMarkup: break
        }
        parameters.add("reply_markup", json: replyMarkup)
        return parameters
    }

    /// Throws where there is no such message or no text.
    package func check() throws(BotRequestError) {
        try MessageNumbers.check(message)
        switch change {
        case .text(let text, _): try text.check("text")
        case .caption(let caption): try caption.check("caption", mayBeEmpty: true)
        case .replyMarkup: break
        }
    }
}
