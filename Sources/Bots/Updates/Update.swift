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
            if member.isNamed("update_id") {
                // Two of them would be two names for one update.
                guard id == nil, let number = member.value.int64, number >= 0 else {
                    throw .wrong("update_id")
                }
                id = number
            } else if UpdateKind.known.contains(member.name) {
                // An update is of one kind; who reads a second one would see another chat than was checked.
                guard known == nil else { throw .wrong(member.name) }
                known = (member.name, member.value)
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
            // Readers of the payload may take either of two; there must not be two chats to choose from.
            if let place = Self.read.firstIndex(of: name) {
                guard seen & 1 << place == 0 else { throw .wrong("\(path).\(name)") }
                seen |= 1 << place
            }
            switch name {
            case "chat": chat = try Self.id(in: member.value, "\(path).chat")
            case "from", "user": user = try Self.id(in: member.value, "\(path).\(member.name)")
            case "sender_chat", "actor_chat", "voter_chat":
                senderChat = try Self.id(in: member.value, "\(path).\(member.name)")
            case "message_id": message = try Self.number(member.value, "\(path).message_id")
            case "date": date = try Self.time(member.value, "\(path).date")
            case "edit_date": editDate = try Self.time(member.value, "\(path).edit_date")
            // The message under whose button somebody pressed.
            case "message" where member.value.kind == .object:
                let inner = try Subject(message: member.value, "\(path).message")
                (chat, message) = (inner.chat, inner.message)
            default:
                if let name = UpdateKind.service[member.name] { service = name }
            }
        }
    }

    /// The fields that are read, and so may be there only once.
    private static let read = [
        "chat", "from", "user", "sender_chat", "actor_chat", "voter_chat", "message_id", "date", "edit_date",
        "message",
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

    private static func id(in object: JSONView, _ path: String) throws(UpdateError) -> Int64 {
        guard let id = try only("id", in: object, path)?.int64 else { throw .wrong("\(path).id") }
        return id
    }

    /// The one field of a name.
    private static func only(_ name: String, in object: JSONView, _ path: String) throws(UpdateError)
        -> JSONView?
    {
        guard object.kind == .object else { return nil }
        var found: JSONView?
        for member in object.members where member.isNamed(name) {
            guard found == nil else { throw .wrong("\(path).\(name)") }
            found = member.value
        }
        return found
    }

    private static func number(_ value: JSONView, _ path: String) throws(UpdateError) -> Int64 {
        guard let number = value.int64 else { throw .wrong(path) }
        return number
    }

    private static func time(_ value: JSONView, _ path: String) throws(UpdateError) -> Timestamp {
        let seconds = try number(value, path)
        // An inaccessible message has the date 0.
        guard (0...253_402_300_799).contains(seconds) else { throw .wrong(path) }
        return Timestamp(seconds: seconds)
    }
}
