import Base
import HTTPServer
package import Kernel
package import Wire

/// A message as the API shows it: what everybody needs by name, and Telegram's own object whole.
package struct MessageJSON: Sendable {
    private let event: Event
    /// The chat's sequence by which a page goes on, where that is not the event's own.
    private let state: MessageState?

    /// What is said, on one line; nil where the event holds no words.
    package var words: String? {
        guard let document = event.content.payload.flatMap({ Self.document($0) }) else { return nil }
        let message = TelegramMessage(of: event, document.root)
        return (message?.text ?? message?.contentKind.uppercased())?.replacing("\n", with: " ⏎ ")
    }

    /// The message as a line for people.
    package var line: String {
        "\(event.recordedAt.rfc3339) <\(event.content.sender.map { "\($0)" } ?? "?")> \(words ?? event.content.kind)"
    }

    /// The message of an event; `state` is what the tables know beyond it.
    init(_ event: Event, _ state: MessageState?) {
        self.event = event
        self.state = state
    }

    /// The message of an event, as it was then.
    package init(_ event: Event) { self.init(event, nil) }
}

/// What has become of a message since.
struct MessageState: Sendable {
    let editedAt: Timestamp?
    let deletedAt: Timestamp?
    let isOutgoing: Bool
    /// Telegram's number for it; an event may tell of several messages.
    let message: Int64
}

extension MessageJSON: JSONWritable {
    /// Writes the object.
    package func write(to writer: inout JSONWriter) {
        let content = event.content
        let document = content.payload.flatMap { Self.document($0) }
        let message = document.flatMap { meant(in: $0.root) }
        writer.object {
            $0.field("type", content.kind)
            $0.field("cursor", "\(event.position.number)")
            $0.field("source", content.source.text)
            $0.field("chatId", content.chat.map { "\($0)" })
            $0.field("messageId", (state?.message ?? content.message).map { "\($0)" })
            $0.field("senderId", content.sender.map { "\($0)" })
            $0.field("sequence", "\(event.sequence)")
            $0.field("recordedAt", event.recordedAt.rfc3339)
            $0.field("sentAt", message?.time("date")?.rfc3339)
            $0.field("editedAt", (state?.editedAt ?? message?.time("edit_date"))?.rfc3339)
            $0.field("deletedAt", state?.deletedAt?.rfc3339)
            $0.field("isOutgoing", state?.isOutgoing ?? (content.kind == TelegramMessage.sentKind))
            $0.field("kind", message?.contentKind)
            $0.field("text", message?.text)
            $0.key("message")
            if let message { $0.raw(message.json.raw) } else { $0.null() }
        }
    }

    /// The message that is meant, of those that the event tells of.
    private func meant(in root: JSONView) -> TelegramMessage? {
        let all = TelegramMessage.all(of: event, root)
        guard all.count > 1, let wanted = state?.message else { return all.first }
        return all.first { $0.json["message_id"]?.int64 == wanted }
    }

    private static func document(_ payload: Bytes) -> JSONDocument? {
        do { return try JSON.parse(payload) } catch { return nil }
    }

    static let schema = Schema.named(
        "Message",
        .object([
            .init(
                "type", .string(),
                "The kind of event that told of it: `message`, `edited_message`, `send.sent` …"),
            .init("cursor", .string(), "The event's place in the log."), .init("source", .string()),
            .init("chatId", .nullable(.string())), .init("messageId", .nullable(.string())),
            .init("senderId", .nullable(.string())), .init("sequence", .string()),
            .init("recordedAt", .string(format: "date-time")),
            .init("sentAt", .nullable(.string(format: "date-time"))),
            .init("editedAt", .nullable(.string(format: "date-time"))),
            .init("deletedAt", .nullable(.string(format: "date-time"))), .init("isOutgoing", .boolean),
            .init("kind", .nullable(.string()), "`text`, `photo`, `document` …"),
            .init("text", .nullable(.string()), "The text, or what is written below a picture."),
            .init(
                "message", .nullable(.map(.anything)),
                "Telegram's own object; null once its content was not to be kept."),
        ]))
}
