import Base
import Wire

/// The world's things in the form of the Bot API, as one bot sees them.
extension World {
    func write(user id: Int64, to writer: inout JSONWriter) {
        writer.object {
            $0.field("id", id)
            guard let account = accounts[id] else {
                $0.field("is_bot", false)
                return $0.field("first_name", "Deleted Account")
            }
            $0.field("is_bot", account.isBot)
            $0.field("first_name", account.firstName)
            if let name = account.lastName { $0.field("last_name", name) }
            if let name = account.username { $0.field("username", name) }
            if let language = account.language, !account.isBot { $0.field("language_code", language) }
        }
    }

    func write(chat peer: Peer, for bot: Int64, to writer: inout JSONWriter) {
        writer.object { writeMembers(of: peer, for: bot, to: &$0) }
    }

    func writeMembers(of peer: Peer, for bot: Int64, to writer: inout JSONWriter) {
        let id = peer.id(seenBy: bot)
        writer.field("id", id)
        if case .pair = peer {
            let person = accounts[id]
            writer.field("first_name", person?.firstName ?? "Deleted Account")
            if let name = person?.lastName { writer.field("last_name", name) }
            if let name = person?.username { writer.field("username", name) }
            return writer.field("type", "private")
        }
        guard let chat = chats[peer] else { return writer.field("type", "group") }
        writer.field("title", chat.title)
        if let name = chat.username { writer.field("username", name) }
        writer.field("type", chat.kind.rawValue)
        if chat.kind == .group { writer.field("all_members_are_administrators", false) }
    }

    func write(
        _ message: Message, for bot: Int64, depth: Int = 0, to writer: inout JSONWriter,
        more: (inout JSONWriter) -> Void = { _ in }
    ) {
        writer.object { writer in
            writer.field("message_id", message.id(seenBy: bot))
            if let sender = message.sender {
                writer.key("from")
                write(user: sender, to: &writer)
            } else {
                writer.key("sender_chat")
                write(chat: message.peer, for: bot, to: &writer)
            }
            writer.key("chat")
            write(chat: message.peer, for: bot, to: &writer)
            writer.field("date", message.date)
            if let origin = message.origin { write(origin, for: bot, to: &writer) }
            if let date = message.editDate { writer.field("edit_date", date) }
            if let serial = message.replyTo, depth == 0,
                let target = chats[message.peer]?.messages[serial]
            {
                writer.key("reply_to_message")
                write(target, for: bot, depth: 1, to: &writer)
            }
            if let group = message.mediaGroup { writer.field("media_group_id", group) }
            write(message.content, of: message, for: bot, to: &writer)
            if let markup = message.inlineKeyboard { writer.field("reply_markup", markup) }
            more(&writer)
        }
    }

    private func write(_ origin: Message.Origin, for bot: Int64, to writer: inout JSONWriter) {
        writer.key("forward_origin")
        switch origin {
        case .user(let user, let date):
            writer.object {
                $0.field("type", "user")
                $0.key("sender_user")
                write(user: user, to: &$0)
                $0.field("date", date)
            }
            writer.key("forward_from")
            write(user: user, to: &writer)
            writer.field("forward_date", date)
        case .channel(let id, let messageID, let date):
            writer.object {
                $0.field("type", "channel")
                $0.key("chat")
                write(chat: .chat(id), for: bot, to: &$0)
                $0.field("message_id", messageID)
                $0.field("date", date)
            }
            writer.key("forward_from_chat")
            write(chat: .chat(id), for: bot, to: &writer)
            writer.field("forward_from_message_id", messageID)
            writer.field("forward_date", date)
        }
    }

    private func write(
        _ content: Content, of message: Message, for bot: Int64, to writer: inout JSONWriter
    ) {
        switch content {
        case .text(let text): write(text, "text", "entities", to: &writer)
        case .media(let media, let caption):
            write(media, for: bot, to: &writer)
            if !caption.text.isEmpty { write(caption, "caption", "caption_entities", to: &writer) }
            if media.hasSpoiler { writer.field("has_media_spoiler", true) }
        case .poll(let id):
            guard let poll = polls[id] else { return }
            writer.key("poll")
            write(poll, to: &writer)
        case .location(let latitude, let longitude):
            writer.key("location")
            writeLocation(latitude, longitude, to: &writer)
        case .venue(let latitude, let longitude, let title, let address):
            writer.key("location")
            writeLocation(latitude, longitude, to: &writer)
            writer.key("venue")
            writer.object {
                $0.key("location")
                writeLocation(latitude, longitude, to: &$0)
                $0.field("title", title)
                $0.field("address", address)
            }
        case .contact(let phone, let firstName, let lastName, let user):
            writer.key("contact")
            writer.object {
                $0.field("phone_number", phone)
                $0.field("first_name", firstName)
                if let lastName { $0.field("last_name", lastName) }
                if let user { $0.field("user_id", user) }
            }
        case .dice(let emoji, let value):
            writer.key("dice")
            writer.object {
                $0.field("emoji", emoji)
                $0.field("value", value)
            }
        case .service(let service): write(service, in: message.peer, for: bot, to: &writer)
        }
    }

    private func writeLocation(_ latitude: Double, _ longitude: Double, to writer: inout JSONWriter) {
        writer.object {
            $0.field("latitude", latitude)
            $0.field("longitude", longitude)
        }
    }

    func write(_ text: StyledText, _ name: String, _ entities: String, to writer: inout JSONWriter) {
        writer.field(name, text.text)
        guard !text.entities.isEmpty else { return }
        writer.key(entities)
        writer.array { writer in
            for entity in text.entities {
                writer.object {
                    $0.field("offset", entity.offset)
                    $0.field("length", entity.length)
                    $0.field("type", entity.type)
                    if let url = entity.url { $0.field("url", url) }
                    if let language = entity.language { $0.field("language", language) }
                    if let user = entity.user {
                        $0.key("user")
                        write(user: user, to: &$0)
                    }
                }
            }
        }
    }

    private func write(_ service: ServiceMessage, in peer: Peer, for bot: Int64, to writer: inout JSONWriter)
    {
        switch service {
        case .created: writer.field("group_chat_created", true)
        case .joined(let members):
            writer.key("new_chat_participant")
            write(user: members.first ?? 0, to: &writer)
            writer.key("new_chat_member")
            write(user: members.first ?? 0, to: &writer)
            writer.key("new_chat_members")
            writer.array { for member in members { write(user: member, to: &$0) } }
        case .left(let member):
            writer.key("left_chat_participant")
            write(user: member, to: &writer)
            writer.key("left_chat_member")
            write(user: member, to: &writer)
        case .migratedTo(let id): writer.field("migrate_to_chat_id", id)
        case .migratedFrom(let id): writer.field("migrate_from_chat_id", id)
        case .titled(let title): writer.field("new_chat_title", title)
        case .pinned(let serial):
            guard let target = chats[peer]?.messages[serial] else { return }
            writer.key("pinned_message")
            write(target, for: bot, depth: 1, to: &writer)
        }
    }
}
