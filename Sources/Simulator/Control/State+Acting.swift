import Base
import Wire

/// What people do.
extension State {
    /// Who acts, and the chat as that person names it: a private chat has the bot's number.
    func scene(_ arguments: Arguments) throws -> (account: Int64, peer: Peer) {
        let name = arguments.has("as") ? "as" : "user"
        let account = try account(arguments, name)
        guard let text = arguments.string("chat") else { throw BotError.bad("chat is missing") }
        let found = Int64(text) ?? world.find(username: text.hasPrefix("@") ? String(text.dropFirst()) : text)
        guard let found else { throw BotError.bad("there is no such chat") }
        return (account, try world.peer(found, seenBy: account))
    }

    /// Who acts, and on which message, by the number that it has for that person.
    func target(_ arguments: Arguments) throws -> (user: Int64, message: Message) {
        let (user, peer) = try scene(arguments)
        guard let id = arguments.int("message_id") else { throw BotError.bad("message_id is missing") }
        return (user, try world.message(id, in: peer, seenBy: user))
    }

    func show(_ message: Message, to account: Int64) -> BotAnswer {
        BotAnswer { writer in
            world.write(message, for: account, to: &writer) { writeMore(message, &$0) }
        }
    }

    private func writeMore(_ message: Message, _ writer: inout JSONWriter) {
        if let keyboard = message.keyboard { writer.field("keyboard", keyboard) }
        if !message.reactions.isEmpty {
            writer.key("reactions")
            writer.object {
                for (account, emoji) in message.reactions.sorted(by: { $0.key < $1.key }) {
                    $0.field(String(account), emoji)
                }
            }
        }
        if world.chats[message.peer]?.pinned.contains(message.serial) == true { writer.field("pinned", true) }
    }

    mutating func userSend(_ arguments: Arguments) throws -> BotAnswer {
        let (user, peer) = try scene(arguments)
        guard world.accounts[user]?.isBot == false else { throw BotError.bad("a bot has a door of its own") }
        var draft = World.Draft(try content(arguments))
        if let reply = arguments.int("reply_to") {
            draft.replyTo = try world.message(reply, in: peer, seenBy: user).serial
        }
        let message = try world.post(draft, to: peer, by: user)
        return show(message, to: user)
    }

    /// A text, or a file in Base64 (or as a part of a form) with a caption.
    private mutating func content(_ arguments: Arguments) throws -> Content {
        for kind in Media.Kind.allCases where arguments.has(kind.rawValue) {
            let part = arguments.file(kind.rawValue)
            let bytes = part?.bytes ?? arguments.string(kind.rawValue).flatMap { Base64.standard.decode($0) }
            guard let bytes, !bytes.isEmpty else { throw BotError.bad("\(kind.rawValue) is not Base64") }
            let number = try world.files.add(
                bytes, name: part?.head.filename ?? arguments.string("filename"),
                type: part?.head.contentType ?? arguments.string("mime_type"),
                folder: Self.folder(of: kind))
            var media = Media(kind: kind, file: number)
            if let size = world.files[number]?.size { (media.width, media.height) = size }
            media.apply(arguments)
            return .media(media, caption: Self.plain(arguments.string("caption") ?? ""))
        }
        if let latitude = arguments.double("latitude"), let longitude = arguments.double("longitude") {
            return .location(latitude: latitude, longitude: longitude)
        }
        guard let text = arguments.string("text"), !text.isEmpty, text.utf16.count <= 4096 else {
            throw BotError.bad("text is missing or too long")
        }
        return .text(Self.plain(text))
    }

    private static func plain(_ text: String) -> StyledText { StyledText(text, EntityScanner.scan(text)) }

    mutating func userEdit(_ arguments: Arguments) throws -> BotAnswer {
        let (user, message) = try target(arguments)
        let words = Self.plain(arguments.string("text") ?? "")
        let edited = try world.edit(message, by: user) { message in
            switch message.content {
            case .media(let media, _): message.content = .media(media, caption: words)
            default: message.content = .text(words)
            }
        }
        return show(edited, to: user)
    }

    /// Presses the button with these data, or with these words on it.
    mutating func userPress(_ arguments: Arguments) throws -> BotAnswer {
        let (user, message) = try target(arguments)
        let rows = message.inlineKeyboard?["inline_keyboard"]?.array ?? []
        let words = arguments.string("text")
        let data =
            arguments.string("data")
            ?? rows.flatMap { $0.array ?? [] }.first { $0["text"]?.string == words }?["callback_data"]?.string
        guard let data else { throw WorldError.noSuchButton }
        let query = try world.press(data, below: message, by: user)
        return BotAnswer { $0.object { $0.field("query_id", String(query.id)) } }
    }

    // MARK: Looking

    func listMessages(_ arguments: Arguments) throws -> BotAnswer {
        let (account, peer) = try scene(arguments)
        let limit = min(max(arguments.int("limit") ?? 100, 1), 1000)
        let after = arguments.int("after") ?? 0
        guard let chat = world.chats[peer] else { return BotAnswer("[]") }
        var found: [Message] = []
        for serial in chat.messages.range.reversed() {
            guard found.count < limit else { break }
            guard let message = chat.messages[serial] else { continue }
            guard message.id(seenBy: account) > after else { break }
            found.append(message)
        }
        return BotAnswer { writer in
            writer.array {
                for message in found.reversed() {
                    world.write(message, for: account, to: &$0) { writeMore(message, &$0) }
                }
            }
        }
    }

    func download(_ arguments: Arguments) throws -> BotAnswer {
        let account = try account(arguments, "as")
        guard let id = arguments.string("file_id").flatMap({ FileID.read($0, for: account) }),
            let file = world.files[id.number]
        else { throw WorldError.fileNotFound }
        return BotAnswer {
            $0.object {
                $0.field("base64", Base64.standard.encode(file.bytes))
                if let url = file.url { $0.field("url", url) }
                if let name = file.name { $0.field("file_name", name) }
            }
        }
    }

    func listSends(_ arguments: Arguments) throws -> BotAnswer {
        let bot = arguments.has("bot") ? try account(arguments, "bot") : nil
        let words = arguments.string("contains")
        let entries = log.after(
            arguments.int("after") ?? 0, limit: min(max(arguments.int("limit") ?? 1000, 1), 100_000)
        ) { entry in
            (bot == nil || entry.bot == bot) && (words.map { entry.text.contains($0) } ?? true)
        }
        return BotAnswer { writer in
            writer.array {
                for entry in entries {
                    $0.object {
                        $0.field("number", entry.number)
                        $0.field("milliseconds", entry.milliseconds)
                        $0.field("bot", entry.bot)
                        $0.field("method", entry.method)
                        $0.field("chat_id", entry.chat)
                        $0.field("message_id", entry.messageID)
                        $0.field("text", entry.text)
                        if let marker = entry.marker { $0.field("marker", marker) }
                    }
                }
            }
        }
    }

    func statistics() -> BotAnswer {
        BotAnswer { writer in
            writer.object {
                $0.field("sends", log.count)
                let counts = limits.counts.values
                $0.field("refused", counts.reduce(0) { $0 + $1.refused })
                $0.field("overruns", counts.reduce(0) { $0 + $1.beyond + $1.duringWait })
                $0.field("updates", log.updateCount)
                $0.field("webhooks_delivered", log.deliveredCount)
                $0.field("webhooks_failed", log.failedDeliveryCount)
                $0.field("accounts", world.accounts.count)
                $0.field("chats", world.chats.count)
                $0.field("files", world.files.count)
                $0.field("file_bytes", world.files.byteCount)
                $0.key("calls")
                $0.object {
                    for (name, count) in log.calls.sorted(by: { $0.key < $1.key }) { $0.field(name, count) }
                }
                $0.key("statuses")
                $0.object {
                    for (status, count) in log.statuses.sorted(by: { $0.key < $1.key }) {
                        $0.field(String(status), count)
                    }
                }
                $0.key("bots")
                $0.object { for id in bots.keys.sorted() { write(statisticsOf: id, &$0) } }
            }
        }
    }

    private func write(statisticsOf id: Int64, _ writer: inout JSONWriter) {
        let counts = limits.counts[id] ?? SendLimits.Counts()
        writer.key(String(id))
        writer.object {
            $0.field("accepted", counts.accepted)
            $0.field("refused", counts.refused)
            $0.field("overruns", counts.beyond + counts.duringWait)
            $0.field("beyond_limit", counts.beyond)
            $0.field("during_retry_after", counts.duringWait)
            $0.field("pending_updates", bots[id]?.pendingCount ?? 0)
            $0.field("has_webhook", bots[id]?.webhook != nil)
        }
    }
}
