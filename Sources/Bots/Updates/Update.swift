package import Base
package import Kernel
package import Wire

/// What an update is about: read from Telegram's JSON, which itself is kept whole.
package struct Update: Sendable, Equatable {
    /// Telegram's number for it, which grows by one with each update of a bot.
    package let id: Int64
    /// The kind of event that it becomes.
    package let kind: String
    /// The chat in which it happened.
    package let chat: Int64?
    /// The user, or the chat, that did it.
    package let sender: Int64?
    /// The message that it is about.
    package let message: Int64?
    /// When it happened.
    package let date: Timestamp?

    /// Reads an update; refuses what Telegram would never send, but no kind that is merely unknown.
    package init(_ root: JSONView) throws(UpdateError) {
        guard root.kind == .object else { throw .notAnObject }
        var id: Int64?
        var known: (name: String, value: JSONView)?
        for member in root.members {
            let name = member.name
            if name == "update_id" {
                // Two of them would be two names for one update.
                guard id == nil, let number = member.value.int64, number >= 0 else {
                    throw .wrong("update_id")
                }
                id = number
            } else if UpdateKind.known.contains(name) {
                // An update is of one kind; who reads a second one would see another chat than was checked.
                guard known == nil else { throw .wrong(name) }
                known = (name, member.value)
            }
        }
        guard let id else { throw .wrong("update_id") }
        self.id = id
        guard let (name, value) = known else {
            (kind, chat, sender, message, date) = (UpdateKind.unknown, nil, nil, nil, nil)
            return
        }
        let subject = try Subject(value, name)
        kind = name == "message" ? subject.service ?? name : name
        chat = subject.chat
        sender = subject.senderChat ?? subject.user
        message = subject.message
        date = subject.editDate ?? subject.date
    }

    /// The update as an event of its bot; `payload` is the JSON that it was read from.
    package func draft(of bot: Int64, payload: Bytes) -> EventDraft {
        EventDraft(
            source: .bot(bot), kind: kind, key: "bot:\(bot):\(id)", chat: chat, sender: sender,
            message: message, occurredAt: date, payload: payload)
    }
}

/// Why something cannot be an update of Telegram.
package enum UpdateError: Error, Sendable, Equatable {
    case notAnObject
    /// A field is missing, doubled, or not of the kind that Telegram gives it.
    case wrong(String)

    /// The field, as a path.
    package var field: String {
        switch self {
        case .notAnObject: "body"
        case .wrong(let field): "body.\(field)"
        }
    }
}

/// What the object within an update says of chat, people and time.
private struct Subject {
    var chat: Int64?
    var user: Int64?
    var senderChat: Int64?
    var message: Int64?
    var date: Timestamp?
    var editDate: Timestamp?
    var service: String?

    init(_ object: JSONView, _ path: String) throws(UpdateError) {
        guard object.kind == .object else { throw .wrong(path) }
        var seen: UInt32 = 0
        for member in object.members {
            let name = member.name
            guard let field = Self.fields[name] else {
                if let name = UpdateKind.service[name] { service = name }
                continue
            }
            // Readers of the payload may take either of two; there must not be two chats to choose from.
            guard seen & field.rawValue == 0 else { throw .wrong("\(path).\(name)") }
            seen |= field.rawValue
            let value = member.value
            switch field {
            case .chat: chat = try Self.id(in: value, "\(path).chat")
            case .from, .user: user = try Self.id(in: value, "\(path).\(name)")
            case .senderChat, .actorChat, .voterChat: senderChat = try Self.id(in: value, "\(path).\(name)")
            case .messageID: message = try Self.number(value, "\(path).message_id")
            case .date: date = try Self.time(value, "\(path).date")
            case .editDate: editDate = try Self.time(value, "\(path).edit_date")
            case .message:
                // The message under whose button somebody pressed.
                guard value.kind == .object else { continue }
                let inner = try Subject(message: value, "\(path).message")
                (chat, message) = (inner.chat, inner.message)
            }
        }
    }

    /// A field that is read, and so may be there only once; each has a bit of its own.
    private enum Field: UInt32 {
        case chat = 1, from = 2, user = 4, senderChat = 8, actorChat = 16, voterChat = 32, messageID = 64,
            date = 128
        case editDate = 256, message = 512
    }

    private static let fields: [String: Field] = [
        "chat": .chat, "from": .from, "user": .user, "sender_chat": .senderChat, "actor_chat": .actorChat,
        "voter_chat": .voterChat, "message_id": .messageID, "date": .date, "edit_date": .editDate,
        "message": .message,
    ]

    /// Only where a message is.
    private init(message object: JSONView, _ path: String) throws(UpdateError) {
        if let value = try Self.only("chat", in: object, path) {
            chat = try Self.id(in: value, "\(path).chat")
        }
        if let value = try Self.only("message_id", in: object, path) {
            message = try Self.number(value, "\(path).message_id")
        }
    }

    private static func id(in object: JSONView, _ path: @autoclosure () -> String) throws(UpdateError)
        -> Int64
    {
        guard let id = try only("id", in: object, path())?.int64 else { throw .wrong("\(path()).id") }
        return id
    }

    /// The one field of a name.
    private static func only(
        _ name: String, in object: JSONView, _ path: @autoclosure () -> String
    ) throws(UpdateError) -> JSONView? {
        guard object.kind == .object else { return nil }
        var found: JSONView?
        for member in object.members where member.isNamed(name) {
            guard found == nil else { throw .wrong("\(path()).\(name)") }
            found = member.value
        }
        return found
    }

    private static func number(
        _ value: JSONView, _ path: @autoclosure () -> String
    ) throws(UpdateError) -> Int64 {
        guard let number = value.int64 else { throw .wrong(path()) }
        return number
    }

    private static func time(
        _ value: JSONView, _ path: @autoclosure () -> String
    ) throws(UpdateError) -> Timestamp {
        let seconds = try number(value, path())
        // An inaccessible message has the date 0.
        guard (0...253_402_300_799).contains(seconds) else { throw .wrong(path()) }
        return Timestamp(seconds: seconds)
    }
}
