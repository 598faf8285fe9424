package import Wire

/// A message as the world knows it.
package struct Message: Sendable {
    /// Where a message was first said.
    package enum Origin: Sendable, Equatable {
        case user(Int64, date: Int64)
        case channel(Int64, messageID: Int, date: Int64)
    }

    /// The chat.
    package let peer: Peer
    /// The number within the chat, which everybody sees in supergroups and channels.
    package let serial: Int
    /// The number for each account where those differ.
    package let ids: [Int64: Int]
    /// Who wrote it.
    package let author: Int64
    /// Whether the chat speaks and not the author, as in channels.
    package let isFromChat: Bool
    /// When, in seconds.
    package let date: Int64
    /// When it was last changed.
    package var editDate: Int64?
    /// What it says.
    package var content: Content
    /// The message that it answers, by serial number.
    package var replyTo: Int?
    /// Where it was forwarded from.
    package var origin: Origin?
    /// The buttons below it.
    package var inlineKeyboard: JSONValue?
    /// The keyboard that a bot has shown with it.
    package var keyboard: JSONValue?
    /// The album that it belongs to.
    package var mediaGroup: String?
    /// Who has reacted, and how.
    package var reactions: [Int64: [String]] = [:]

    /// Who is seen to have written it; nobody in a channel.
    package var sender: Int64? { isFromChat ? nil : author }

    /// The number by which an account knows it.
    package func id(seenBy account: Int64) -> Int { ids[account] ?? serial }
}

/// A text and what is special about parts of it.
package struct StyledText: Sendable, Equatable {
    /// The text.
    package var text: String
    /// The parts that are more than text.
    package var entities: [TextEntity]

    /// A text of those parts.
    package init(_ text: String = "", _ entities: [TextEntity] = []) {
        self.text = text
        self.entities = entities
    }
}

/// A part of a text; positions are in UTF-16 units.
package struct TextEntity: Sendable, Equatable {
    /// The kind, as the Bot API calls it.
    package var type: String
    /// Where it begins.
    package var offset: Int
    /// How long it is.
    package var length: Int
    /// The address of a link.
    package var url: String?
    /// The language of code.
    package var language: String?
    /// The account that is meant by a mention without a username.
    package var user: Int64?
}

/// What a message says.
package enum Content: Sendable, Equatable {
    case text(StyledText)
    case media(Media, caption: StyledText)
    case poll(Int64)
    case location(latitude: Double, longitude: Double)
    case venue(latitude: Double, longitude: Double, title: String, address: String)
    case contact(phone: String, firstName: String, lastName: String?, user: Int64?)
    case dice(emoji: String, value: Int)
    case service(ServiceMessage)

    /// The words of it, for logs.
    package var words: String {
        switch self {
        case .text(let text), .media(_, let text): text.text
        case .poll, .location, .venue, .contact, .dice, .service: ""
        }
    }
}

/// A file in a message, and how it is shown.
package struct Media: Sendable, Equatable {
    /// The kinds of media.
    package enum Kind: String, Sendable, CaseIterable {
        case photo, document, audio, video, voice, animation, sticker
        case videoNote = "video_note"
    }

    /// How it is shown.
    package var kind: Kind
    /// The file.
    package var file: Int
    /// How wide it is.
    package var width = 0
    /// How high it is.
    package var height = 0
    /// How many seconds it lasts.
    package var duration = 0
    /// The name of a piece of music.
    package var title: String?
    /// Who plays it.
    package var performer: String?
    /// Whether it is hidden until it is touched.
    package var hasSpoiler = false
}

/// What a chat says of itself.
package enum ServiceMessage: Sendable, Equatable {
    case created
    case joined([Int64])
    case left(Int64)
    case migratedTo(Int64)
    case migratedFrom(Int64)
    case pinned(Int)
    case titled(String)
}
