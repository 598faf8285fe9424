/// What a bot is seen to do in a chat, for five seconds or until a message comes.
package struct ChatAction: BotRequest {
    /// The doings that Telegram shows.
    package enum Kind: String, Sendable, CaseIterable {
        case typing
        case uploadPhoto = "upload_photo"
        case recordVideo = "record_video"
        case uploadVideo = "upload_video"
        case recordVoice = "record_voice"
        case uploadVoice = "upload_voice"
        case uploadDocument = "upload_document"
        case chooseSticker = "choose_sticker"
        case findLocation = "find_location"
        case recordVideoNote = "record_video_note"
        case uploadVideoNote = "upload_video_note"
    }

    private let chat: Int64
    private let kind: Kind
    private let messageThreadID: Int64?

    /// The method that it calls.
    package let method = BotMethod(known: "sendChatAction")

    /// Something that is done in a chat, or in a topic of it.
    package init(_ kind: Kind, in chat: Int64, messageThreadID: Int64? = nil) {
        self.kind = kind
        self.chat = chat
        self.messageThreadID = messageThreadID
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        parameters.add("action", kind.rawValue)
        parameters.add("message_thread_id", messageThreadID)
        return parameters
    }

    /// Nothing is wrong with any.
    package func check() throws(BotRequestError) {}
}
