internal import Base
internal import Wire

/// Several files that are shown together, each of them a message.
package struct MediaGroup: BotRequest {
    /// One of the files.
    package struct Item: Sendable {
        fileprivate let kind: MediaMessage.Kind
        fileprivate let file: InputFile
        fileprivate let caption: FormattedText?

        /// A file that is shown in its way, with or without a caption below.
        package init(_ kind: MediaMessage.Kind, _ file: InputFile, caption: FormattedText? = nil) {
            self.kind = kind
            self.file = file
            self.caption = caption
        }
    }

    private let chat: Int64
    private let items: [Item]
    private let options: MessageOptions

    private static let count = 2...10

    /// The method that it calls.
    package let method = BotMethod(known: "sendMediaGroup")

    /// Files to a chat.
    package init(to chat: Int64, _ items: [Item], _ options: MessageOptions = MessageOptions()) {
        self.chat = chat
        self.items = items
        self.options = options
    }

    private static func part(_ index: Int) -> String { "file\(index)" }

    /// What it is called with; files that go along are named in `media`.
    package var parameters: BotParameters {
        var parameters = BotParameters(chat: chat)
        var writer = JSONWriter()
        writer.array { writer in
            for (index, item) in items.enumerated() {
                var media = BotParameters()
                media.add("type", item.kind.rawValue)
                media.add("media", item.file.reference(to: Self.part(index)))
                item.caption?.addCaption(to: &media)
                media.write(to: &writer)
            }
        }
        parameters.add("media", json: writer.finish())
        options.add(to: &parameters)
        return parameters
    }

    /// The files that go along.
    package var uploads: [(name: String, file: InputFile.Upload)] {
        items.enumerated().compactMap { index, item in
            item.file.upload.map { (Self.part(index), $0) }
        }
    }

    /// Throws where these files cannot be shown together.
    package func check() throws(BotRequestError) {
        guard Self.count.contains(items.count) else {
            throw BotRequestError("media", "must have 2 to 10 files")
        }
        for (index, item) in items.enumerated() {
            try item.file.check("media[\(index)].media")
            try item.caption?.check("media[\(index)].caption", mayBeEmpty: true)
            switch item.kind {
            case .photo, .video, .document, .audio: break
            case .animation, .voice, .videoNote, .sticker:
                throw BotRequestError("media[\(index)].type", "must be photo, video, document or audio")
            }
        }
        // Photos and videos are shown as one picture, the others below each other.
        for kind in [MediaMessage.Kind.document, .audio]
        where items.contains(where: { $0.kind == kind }) && !items.allSatisfy({ $0.kind == kind }) {
            throw BotRequestError("media", "cannot show \(kind.rawValue) files together with others")
        }
    }
}
