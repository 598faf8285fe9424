package import Base

/// A message that is a text.
package struct TextMessage: BotRequest {
    private let chat: Int64
    private let text: FormattedText
    private let linkPreviewOptions: Bytes?
    private let options: MessageOptions

    /// The method that it calls.
    package let method = BotMethod(known: "sendMessage")

    /// A text to a chat; the options of the link's preview are Telegram's JSON.
    package init(
        to chat: Int64, _ text: FormattedText, linkPreviewOptions: Bytes? = nil,
        _ options: MessageOptions = MessageOptions()
    ) {
        self.chat = chat
        self.text = text
        self.linkPreviewOptions = linkPreviewOptions
        self.options = options
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        text.add("text", entities: "entities", to: &parameters)
        parameters.add("link_preview_options", json: linkPreviewOptions)
        options.add(to: &parameters)
        return parameters
    }

    /// Throws where there is no text, or one without end.
    package func check() throws(BotRequestError) { try text.check("text") }
}
