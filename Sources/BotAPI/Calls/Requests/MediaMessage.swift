internal import Base

/// A message that is a file.
package struct MediaMessage: BotRequest {
    /// How the file is shown.
    package enum Kind: String, Sendable, CaseIterable {
        case photo, document, video, audio, animation, voice
        case videoNote = "video_note"
        case sticker

        var method: BotMethod {
            switch self {
            case .photo: BotMethod(known: "sendPhoto")
            case .document: BotMethod(known: "sendDocument")
            case .video: BotMethod(known: "sendVideo")
            case .audio: BotMethod(known: "sendAudio")
            case .animation: BotMethod(known: "sendAnimation")
            case .voice: BotMethod(known: "sendVoice")
            case .videoNote: BotMethod(known: "sendVideoNote")
            case .sticker: BotMethod(known: "sendSticker")
            }
        }
    }

    private let chat: Int64
    private let kind: Kind
    private let file: InputFile
    private let caption: FormattedText?
    private let options: MessageOptions

    /// A file to a chat.
    package init(
        to chat: Int64, _ kind: Kind, _ file: InputFile, caption: FormattedText? = nil,
        _ options: MessageOptions = MessageOptions()
    ) {
        self.chat = chat
        self.kind = kind
        self.file = file
        self.caption = caption
        self.options = options
    }

    /// The method that it calls.
    package var method: BotMethod { kind.method }

    /// What it is called with; a file that goes along is a part of the same name.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        if case .reference(let reference) = file { parameters.add(kind.rawValue, reference) }
        caption?.addCaption(to: &parameters)
        options.add(to: &parameters)
        return parameters
    }

    /// The file, where it goes along.
    package var uploads: [(name: String, file: InputFile.Upload)] {
        file.upload.map { [(kind.rawValue, $0)] } ?? []
    }

    /// Throws where the file is none.
    package func check() throws(BotRequestError) {
        try file.check("file")
        try caption?.check("caption", mayBeEmpty: true)
    }
}
