package import Base
package import BotAPI
import Crypto
import Wire

/// A send that somebody asks for.
package struct SendDraft: Sendable {
    /// The parameters of a call.
    package enum Body: Sendable, Equatable {
        /// A JSON object.
        case json(Bytes)
        /// A form with files; kept until it is sent.
        case form(Bytes, contentType: Bytes)
    }

    /// The bot that sends.
    package var bot: Int64
    /// The chat that it goes to, where it has a number.
    package var chat: Int64?
    package var method: BotMethod
    package var body: Body
    package var priority = SendPriority.interactive
    /// Nil for as soon as possible.
    package var notBefore: Timestamp?
    /// What tells a repeated request from another.
    package var idempotencyKey: String?
    /// The caller's own name for what it belongs to.
    package var correlation: String?

    /// A draft of an interactive send that goes as soon as it can.
    package init(bot: Int64, chat: Int64?, method: BotMethod, body: Body) {
        self.bot = bot
        self.chat = chat
        self.method = method
        self.body = body
    }

    /// Tells the request from others under the same key.
    var hash: Bytes {
        var sha = SHA256()
        let (type, bytes) = body.parts
        for part in [
            "\(bot) \(chat.map { "\($0)" } ?? "-") \(method.name) \(priority.rawValue) \(notBefore?.milliseconds ?? 0)\n",
            type,
        ] { sha.update(Bytes(part)) }
        sha.update(bytes)
        return sha.finish()
    }

    /// The chats that the call takes something from, beside the one that it goes to.
    ///
    /// Throws where it means another chat than it says, or one that has no number.
    func sources() throws(SendError) -> Set<Int64> {
        let texts = try body.texts()
        let root: JSONView
        do throws(JSONError) { root = try JSON.parse(texts).root } catch {
            throw .invalid("params", error.message)
        }
        for target in root.all("chat_id") where chat != nil && target.number != chat {
            throw .invalid("chat_id", "is another chat")
        }
        var sources = root.all("from_chat_id")
        for reply in root.all("reply_parameters") {
            // Telegram takes the object also as a text.
            guard let text = reply.bytes else {
                sources += reply.all("chat_id")
                continue
            }
            do throws(JSONError) { sources += try JSON.parse(text).root.all("chat_id") } catch {
                throw .invalid("reply_parameters", error.message)
            }
        }
        var chats: Set<Int64> = []
        for source in sources where !source.isNull {
            guard let number = source.number else {
                throw .invalid("from_chat_id", "must be a chat's number")
            }
            if number != chat { chats.insert(number) }
        }
        return chats
    }

    func entry(id: Int64, owner: String) -> Governor.Entry {
        Governor.Entry(
            id: id, chat: chat, owner: owner, priority: priority, messageCount: messageCount)
    }
}

extension SendDraft.Body {
    static let json = "application/json"

    /// The media type and the bytes.
    var parts: (type: String, bytes: Bytes) {
        switch self {
        case .json(let bytes): (Self.json, bytes)
        case .form(let bytes, let type): (type.repairedText, bytes)
        }
    }

    /// What was stored.
    init(type: String, _ bytes: Bytes) {
        self = type == Self.json ? .json(bytes) : .form(bytes, contentType: Bytes(type))
    }

    /// What the client sends.
    var call: BotAPIBody {
        switch self {
        case .json(let bytes): .json(bytes)
        case .form(let bytes, let type): .raw(bytes, contentType: type)
        }
    }
}

extension JSONView {
    /// All members of that name: which of several counts is for the reader to say, and readers differ.
    fileprivate func all(_ name: String) -> [JSONView] {
        // In any case: who reads the names behind us may not look at it.
        members.filter { $0.isNamed(name) || $0.name.lowercased() == name }.map(\.value)
    }

    /// A whole number, also written as a text.
    var number: Int64? { int64 ?? string.flatMap { Int64($0) } }
}
