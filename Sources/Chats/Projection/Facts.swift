import Base
import Kernel
import Wire

/// What a page of events says about chats, users and messages: the latest counts.
struct Facts {
    /// A chat as Telegram shows it.
    struct Chat: Equatable {
        var type: String?
        var title: String?
        var username: String?
        var firstName: String?
        var lastName: String?
        var migratedTo: Int64?
        var migratedFrom: Int64?
    }

    /// A user as Telegram shows it.
    struct User: Equatable {
        var isBot: Bool
        var firstName: String?
        var lastName: String?
        var username: String?
        var language: String?
    }

    /// A message as it stands after an event.
    struct Message {
        let source: Source
        let chat: Int64
        let message: Int64
        let sequence: Int64
        let position: Position
        let sender: Int64?
        let sentAt: Timestamp
        let editedAt: Timestamp?
        let kind: String
        let text: String?
        let isOutgoing: Bool
    }

    /// Messages that are gone.
    struct Deletion {
        let source: Source
        let chat: Int64
        let messages: [Int64]
        let at: Timestamp
    }

    /// Something that became of messages.
    enum Change {
        case message(Message)
        case deletion(Deletion)
    }

    struct Seen: Hashable {
        let chat: Int64
        let source: Source
    }

    private(set) var chats: [Int64: Chat] = [:]
    /// Through which sources a chat is seen, with what the source is in it where that was told.
    private(set) var sources: [Seen: String?] = [:]
    private(set) var users: [Int64: User] = [:]
    /// What became of messages, in the order in which it did.
    private(set) var changes: [Change] = []

    /// Reads a page of events.
    init(_ events: [Event], _ parser: JSONParser) {
        for event in events {
            guard let payload = event.content.payload else { continue }
            do throws(JSONError) {
                add(event, try parser.parse(payload).root)
            } catch {
                // Only JSON gets into the log by the front door; what else is there says nothing about chats.
                continue
            }
        }
    }

    private mutating func add(_ event: Event, _ root: JSONView) {
        let content = event.content
        for message in TelegramMessage.all(of: event, root) { add(message, event) }
        if content.kind == TelegramMessage.sentKind { addDeletion(root, event) }
        for member in root.members where member.value.kind == .object {
            let object = member.value
            if let chat = object["chat"] { add(chat: chat, event) }
            for name in ["from", "user"] { if let user = object[name] { add(user: user, event) } }
            if let message = object["message"], let chat = message["chat"] { add(chat: chat, event) }
            if content.kind == "my_chat_member", let chat = content.chat,
                let status = Self.text(object["new_chat_member"]?["status"])
            {
                sources[Seen(chat: chat, source: content.source)] = .some(status)
            }
            if content.kind == "deleted_business_messages", let chat = content.chat,
                let ids = object["message_ids"]?.elements.compactMap(\.int64)
            {
                changes.append(
                    .deletion(
                        Deletion(source: content.source, chat: chat, messages: ids, at: event.recordedAt)))
            }
        }
    }

    private mutating func add(_ message: TelegramMessage, _ event: Event) {
        let content = event.content
        guard let chat = message.number("id", of: "chat"), let id = message.json["message_id"]?.int64 else {
            return
        }
        changes.append(
            .message(
                Message(
                    source: content.source, chat: chat, message: id, sequence: event.sequence,
                    position: event.position,
                    sender: content.sender ?? message.number("id", of: "from"),
                    sentAt: message.time("date") ?? event.recordedAt, editedAt: message.time("edit_date"),
                    kind: message.contentKind, text: message.searchText,
                    isOutgoing: content.kind == TelegramMessage.sentKind)))
        add(
            chat: message.json["chat"], event, migratedTo: message.json["migrate_to_chat_id"]?.int64,
            migratedFrom: message.json["migrate_from_chat_id"]?.int64)
        if let user = message.json["from"] { add(user: user, event) }
    }

    /// A message that we had deleted.
    private mutating func addDeletion(_ root: JSONView, _ event: Event) {
        guard let chat = event.content.chat, let send = root["send"],
            let method = send["method"]?.string?.lowercased(), method.hasPrefix("deletemessage")
        else { return }
        let ids = send["messageIds"]?.elements.compactMap { Int64($0.string ?? "") } ?? []
        guard !ids.isEmpty else { return }
        changes.append(
            .deletion(
                Deletion(source: event.content.source, chat: chat, messages: ids, at: event.recordedAt)))
    }

    private mutating func add(
        chat object: JSONView?, _ event: Event, migratedTo: Int64? = nil, migratedFrom: Int64? = nil
    ) {
        guard let object, let id = object["id"]?.int64 else { return }
        let old = chats[id]
        chats[id] = Chat(
            type: Self.text(object["type"]) ?? old?.type, title: Self.text(object["title"]),
            username: Self.text(object["username"]), firstName: Self.text(object["first_name"]),
            lastName: Self.text(object["last_name"]), migratedTo: migratedTo ?? old?.migratedTo,
            migratedFrom: migratedFrom ?? old?.migratedFrom)
        let seen = Seen(chat: id, source: event.content.source)
        if sources[seen] == nil { sources[seen] = .some(nil) }
    }

    private mutating func add(user object: JSONView, _ event: Event) {
        guard let id = object["id"]?.int64 else { return }
        users[id] = User(
            isBot: object["is_bot"]?.bool ?? false, firstName: Self.text(object["first_name"]),
            lastName: Self.text(object["last_name"]), username: Self.text(object["username"]),
            language: Self.text(object["language_code"]))
    }

    /// A name, cut where somebody made it long, and without what PostgreSQL cannot hold.
    private static func text(_ value: JSONView?) -> String? {
        guard let text = value?.string else { return nil }
        return text.cut(to: 1024).replacing("\0", with: "\u{fffd}")
    }
}
