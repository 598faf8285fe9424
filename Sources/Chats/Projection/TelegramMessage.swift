import Base
import Bots
package import Kernel
package import Wire

/// A message of Telegram within the payload of an event, where there is one.
package struct TelegramMessage: Sendable {
    /// Telegram's object.
    package let json: JSONView

    /// The message that an event tells of: new, edited, or sent by us.
    package init?(of event: Event, _ root: JSONView) {
        let kind = event.content.kind
        if UpdateKind.messages.contains(kind) {
            guard let json = root[Self.updateNames[kind] ?? kind], json.kind == .object else { return nil }
            self.json = json
        } else if kind == Self.sentKind, let json = root["message"], json.kind == .object {
            self.json = json
        } else {
            return nil
        }
    }

    private init(json: JSONView) { self.json = json }

    /// Every message that an event tells of: an album that we sent is several.
    static func all(of event: Event, _ root: JSONView) -> [TelegramMessage] {
        if let message = TelegramMessage(of: event, root) { return [message] }
        guard event.content.kind == sentKind, let list = root["messages"] else { return [] }
        return list.elements.filter { $0.kind == .object }.map { TelegramMessage(json: $0) }
    }

    /// The event that tells that a message of ours was sent.
    package static let sentKind = "send.sent"
    /// All events that tell of a message.
    package static let kinds = UpdateKind.messages.union([sentKind])

    /// What stands in the update under another name than the event has.
    private static let updateNames = Dictionary(
        UpdateKind.service.values.map { ($0, "message") }
    ) { first, _ in first }

    /// The text, or what is written below a picture.
    package var text: String? { json["text"]?.string ?? json["caption"]?.string }

    /// What kind of content it has, by Telegram's name for it.
    package var contentKind: String {
        // An animation is a document too, and a venue a location: the more exact word comes first.
        Self.contentKinds.first { json[$0] != nil } ?? "service"
    }

    private static let contentKinds = [
        "text", "photo", "animation", "video", "audio", "voice", "video_note", "document", "sticker", "poll",
        "venue", "location", "contact", "dice", "game", "invoice", "story", "paid_media", "giveaway",
    ]

    /// The words that are searched: at most so many bytes, and without what PostgreSQL cannot hold.
    var searchText: String? {
        guard var text, !text.isEmpty else { return nil }
        text = text.cut(to: Self.searchBytesMax)
        if text.utf8.contains(0) { text = text.replacing("\0", with: "\u{fffd}") }
        return text
    }

    /// At most; somebody may have written one letter with a million accents.
    private static let searchBytesMax = 64 << 10

    /// A number in an object of the message, such as the `id` of `chat`.
    func number(_ name: String, of object: String) -> Int64? { json[object]?[name]?.int64 }

    /// A time, in whole seconds; nil where there is none, or one that no clock shows.
    func time(_ name: String) -> Timestamp? {
        guard let seconds = json[name]?.int64, (1...253_402_300_799).contains(seconds) else { return nil }
        return Timestamp(seconds: seconds)
    }
}

extension String {
    /// The text, or as much of its beginning as fits into so many bytes.
    func cut(to bytesMax: Int) -> String {
        guard utf8.count > bytesMax else { return self }
        var end = utf8.index(startIndex, offsetBy: bytesMax)
        while end.samePosition(in: unicodeScalars) == nil { end = utf8.index(before: end) }
        return String(self[..<end])
    }
}
