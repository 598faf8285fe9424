/// Whether a message stands above its chat.
package struct MessagePin: BotRequest {
    private let chat: Int64
    private let message: Int64
    private let isPinned: Bool
    private let disableNotification: Bool?

    /// A message that is pinned, or no longer.
    package init(_ message: Int64, in chat: Int64, isPinned: Bool, disableNotification: Bool? = nil) {
        self.message = message
        self.chat = chat
        self.isPinned = isPinned
        self.disableNotification = disableNotification
    }

    /// The method that it calls.
    package var method: BotMethod {
        isPinned ? BotMethod(known: "pinChatMessage") : BotMethod(known: "unpinChatMessage")
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        parameters.add("message_id", message)
        parameters.add("disable_notification", disableNotification)
        return parameters
    }

    /// Throws where there is no such message.
    package func check() throws(BotRequestError) { try MessageNumbers.check(message) }
}
