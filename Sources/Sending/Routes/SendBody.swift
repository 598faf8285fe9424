import Base
import BotAPI
import Wire

/// What a client asks to be sent, as JSON; names are taken in camelCase and in snake_case.
struct SendBody {
    /// The draft that it makes, but for its bot where none was named.
    struct Parsed {
        var chat: Int64
        var bot: Int64?
        var method: BotMethod
        var body: Bytes
        var priority = SendPriority.interactive
        var notBefore: Timestamp?
        var correlation: String?
        var idempotencyKey: String?
        /// Whether the answer is to wait until it is sent, and how long.
        var waits: Duration?
    }

    /// What can be sent by a text alone: a file's id or URL.
    private static let media: [(field: String, method: String)] = [
        ("photo", "sendPhoto"), ("document", "sendDocument"), ("video", "sendVideo"), ("audio", "sendAudio"),
        ("animation", "sendAnimation"), ("voice", "sendVoice"), ("videoNote", "sendVideoNote"),
        ("sticker", "sendSticker"),
    ]

    /// What is passed on under Telegram's name.
    private static let options: [(field: String, parameter: String)] = [
        ("caption", "caption"), ("parseMode", "parse_mode"), ("entities", "entities"),
        ("captionEntities", "caption_entities"), ("replyMarkup", "reply_markup"),
        ("disableNotification", "disable_notification"), ("protectContent", "protect_content"),
        ("messageThreadId", "message_thread_id"), ("linkPreviewOptions", "link_preview_options"),
        ("messageEffectId", "message_effect_id"),
    ]

    /// Less than a handler has.
    private static let waitMax = 25
    private static let textMax = 200

    private let view: JSONView

    /// Reads a body, for the chat of the path or one that it names itself.
    static func parse(_ view: JSONView, chat: Int64?) throws(SendError) -> Parsed {
        guard view.kind == .object else { throw .invalid("body", "must be an object") }
        return try SendBody(view: view).parse(chat)
    }

    private func parse(_ chat: Int64?) throws(SendError) -> Parsed {
        let named = try number("chatId")
        guard let chat = chat ?? named else { throw .invalid("chatId", "is missing") }
        let (method, parameters) = try call(chat)
        var parsed = Parsed(chat: chat, bot: try number("botId"), method: method, body: parameters)
        switch field("priority")?.string {
        case nil, "interactive": break
        case "bulk": parsed.priority = .bulk
        default: throw .invalid("priority", "must be interactive or bulk")
        }
        if let sendAt = field("sendAt") { parsed.notBefore = try Self.time(sendAt) }
        parsed.correlation = try text("correlationId")
        parsed.idempotencyKey = try text("idempotencyKey")
        switch field("wait")?.string {
        case nil, "none": break
        case "sent":
            let seconds = field("waitSeconds")?.int ?? 10
            guard (0...Self.waitMax).contains(seconds) else {
                throw .invalid("waitSeconds", "must be a whole number from 0 to \(Self.waitMax)")
            }
            parsed.waits = .seconds(seconds)
        default: throw .invalid("wait", "must be sent or none")
        }
        return parsed
    }

    // MARK: The call

    private func call(_ chat: Int64) throws(SendError) -> (BotMethod, Bytes) {
        if let name = field("method")?.string { return try free(name, chat) }
        if let text = field("text") {
            guard text.kind == .string else { throw .invalid("text", "must be a text") }
            return try simple("sendMessage", ("text", text), chat)
        }
        for (name, method) in Self.media {
            guard let file = field(name) else { continue }
            guard file.kind == .string else { throw .invalid(name, "must be a file's id or URL") }
            return try simple(method, (Self.snake(name), file), chat)
        }
        throw .invalid("text", "there is neither a text, a file nor a method")
    }

    private func simple(
        _ method: String, _ content: (name: String, value: JSONView), _ chat: Int64
    ) throws(SendError) -> (BotMethod, Bytes) {
        guard let method = BotMethod(method) else { throw .invalid("method", "is no method") }
        let reply = try number("replyToMessageId")
        var writer = JSONWriter()
        writer.object {
            $0.field("chat_id", chat)
            $0.key(content.name)
            $0.raw(content.value.raw)
            if let reply {
                $0.key("reply_parameters")
                $0.object { $0.field("message_id", reply) }
            }
            for option in Self.options {
                guard let value = field(option.field), !value.isNull else { continue }
                $0.key(option.parameter)
                $0.raw(value.raw)
            }
        }
        return (method, writer.finish())
    }

    /// A call with parameters of Telegram's, but for the chat, which is the request's.
    private func free(_ name: String, _ chat: Int64) throws(SendError) -> (BotMethod, Bytes) {
        guard let method = BotMethod(name), method.isPaced else {
            throw .invalid("method", "is none that sends or changes messages")
        }
        let parameters = field("params")
        guard parameters.map({ $0.kind == .object }) ?? true else {
            throw .invalid("params", "must be an object")
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("chat_id", chat)
            guard let parameters else { return }
            // A message of another place would be changed in this chat's name.
            for member in parameters.members where !["chat_id", "inline_message_id"].contains(member.name) {
                writer.key(member.name)
                writer.raw(member.value.raw)
            }
        }
        return (method, writer.finish())
    }

    // MARK: Fields

    private func field(_ name: String) -> JSONView? { view[name] ?? view[Self.snake(name)] }

    private func number(_ name: String) throws(SendError) -> Int64? {
        guard let value = field(name), !value.isNull else { return nil }
        guard let number = value.int64 ?? value.string.flatMap({ Int64($0) }) else {
            throw .invalid(name, "must be a whole number")
        }
        return number
    }

    private func text(_ name: String) throws(SendError) -> String? {
        guard let value = field(name), !value.isNull else { return nil }
        guard let text = value.string else { throw .invalid(name, "must be a text") }
        return try Self.label(text, name)
    }

    /// A short text of visible characters, such as a key.
    static func label(_ text: String, _ name: String) throws(SendError) -> String {
        guard (1...textMax).contains(text.utf8.count), text.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw .invalid(name, "must have 1 to \(textMax) visible ASCII characters")
        }
        return text
    }

    private static func time(_ value: JSONView) throws(SendError) -> Timestamp? {
        if value.isNull { return nil }
        guard let text = value.string, let time = Timestamp(rfc3339: text), time.milliseconds > 0 else {
            throw .invalid("sendAt", "must be a time such as 2026-01-02T03:04:05Z")
        }
        return time
    }

    private static func snake(_ name: String) -> String {
        name.reduce(into: "") { result, letter in
            if letter.isUppercase { result += "_" }
            result += letter.lowercased()
        }
    }
}
