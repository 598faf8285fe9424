/// Messages that are to go.
package struct MessageDeletion: BotRequest {
    private let chat: Int64
    private let messages: [Int64]

    /// Messages of a chat.
    package init(of messages: [Int64], in chat: Int64) {
        self.messages = messages
        self.chat = chat
    }

    /// The method that it calls: of one message Telegram tells whether it was there.
    package var method: BotMethod {
        messages.count == 1 ? BotMethod(known: "deleteMessage") : BotMethod(known: "deleteMessages")
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        if messages.count == 1 {
            parameters.add("message_id", messages[0])
        } else {
            parameters.add("message_ids", messages)
        }
        return parameters
    }

    /// Throws where these are no messages.
    package func check() throws(BotRequestError) { try MessageNumbers.check(messages) }
}
