package import Base
package import BotAPI
import Crypto

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

    /// A draft of an interactive send for now.
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

    func entry(id: Int64, owner: String) -> Governor.Entry {
        Governor.Entry(
            id: id, chat: chat, owner: owner, priority: priority, isMessage: method.kind == .send)
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
