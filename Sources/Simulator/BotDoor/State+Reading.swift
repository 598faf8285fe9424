import Base
import Wire

/// What the arguments of a call mean.
extension State {
    /// The chat that a call is about.
    func peer(_ call: BotCall, _ name: String = "chat_id") throws -> Peer {
        guard let text = call.arguments.string(name), !text.isEmpty else {
            throw BotError.bad("\(name) is empty")
        }
        if text.hasPrefix("@") {
            guard let id = world.find(username: String(text.dropFirst())), id < 0 else {
                throw BotError.bad("chat not found")
            }
            return try world.peer(id, seenBy: call.bot)
        }
        guard let id = Int64(text) else { throw BotError.bad("chat not found") }
        return try world.peer(id, seenBy: call.bot)
    }

    /// The message that a call is about.
    func message(
        _ call: BotCall, in peer: Peer, _ name: String = "message_id", missing words: String
    ) throws -> Message {
        guard let id = call.arguments.int(name) else {
            throw BotError.bad("message identifier is not specified")
        }
        guard let message = try known(id, call, in: peer) else { throw BotError.bad(words) }
        return message
    }

    /// The message of that number, where there is one.
    private func known(_ id: Int, _ call: BotCall, in peer: Peer) throws(WorldError) -> Message? {
        do throws(WorldError) { return try world.message(id, in: peer, seenBy: call.bot) } catch {
            guard error == .messageNotFound else { throw error }
            return nil
        }
    }

    /// A text with its entities.
    func text(
        _ arguments: Arguments, _ name: String, _ entities: String = "entities", max: Int = 4096
    ) throws -> StyledText {
        try text(
            arguments.string(name) ?? "", mode: arguments.string("parse_mode"),
            entities: arguments.json(entities), max: max, isCaption: name == "caption")
    }

    func text(
        _ text: String, mode: String?, entities: JSONValue?, max: Int, isCaption: Bool
    ) throws -> StyledText {
        let styled: StyledText
        do throws(Markup.Failure) {
            styled = try Markup.read(text, mode: mode, explicit: entities?.array?.compactMap(Self.entity))
        } catch { throw BotError.bad(error.message) }
        guard styled.text.utf16.count <= max else {
            throw BotError.bad(isCaption ? "message caption is too long" : "message is too long")
        }
        if !isCaption, styled.text.isEmpty { throw BotError.bad("text must be non-empty") }
        return styled
    }

    private static func entity(_ value: JSONValue) -> TextEntity? {
        guard let type = value["type"]?.string, let offset = value["offset"]?.int64,
            let length = value["length"]?.int64, (0...1_000_000).contains(offset),
            (1...1_000_000).contains(length)
        else { return nil }
        var entity = TextEntity(type: type, offset: Int(offset), length: Int(length))
        entity.url = value["url"]?.string
        entity.language = value["language"]?.string
        entity.user = value["user"]?["id"]?.int64
        return entity
    }

    /// A message that goes out: what it answers, and what hangs below it.
    func draft(_ call: BotCall, _ content: Content, in peer: Peer) throws -> World.Draft {
        var draft = World.Draft(content)
        let reply = call.arguments.json("reply_parameters")
        if let id = reply?["message_id"]?.int64.map({ Int(clamping: $0) })
            ?? call.arguments.int("reply_to_message_id")
        {
            let mayLack =
                reply?["allow_sending_without_reply"]?.bool
                ?? call.arguments.bool("allow_sending_without_reply")
            draft.replyTo = try known(id, call, in: peer)?.serial
            guard draft.replyTo != nil || mayLack else {
                throw BotError.bad("message to be replied not found")
            }
        }
        (draft.inlineKeyboard, draft.keyboard) = try markup(call.arguments)
        return draft
    }

    /// The keyboards of a call: buttons below the message, or keys for the chat.
    func markup(_ arguments: Arguments) throws -> (inline: JSONValue?, keyboard: JSONValue?) {
        guard let text = arguments.string("reply_markup"), !text.isEmpty else { return (nil, nil) }
        guard let markup = arguments.json("reply_markup") else {
            throw BotError.bad("can't parse reply keyboard markup JSON object")
        }
        guard markup.object != nil else { throw BotError.bad("object expected as reply markup") }
        guard let rows = markup["inline_keyboard"] else {
            return (nil, markup.object?.isEmpty == true ? nil : markup)
        }
        guard let rows = rows.array else {
            throw BotError.bad("can't parse inline keyboard: field \"inline_keyboard\" must be of type Array")
        }
        var count = 0
        for button in rows.flatMap({ $0.array ?? [.null] }) {
            guard let words = button["text"]?.string else {
                throw BotError.bad("can't parse inline keyboard button: can't find field \"text\"")
            }
            guard !words.isEmpty else { throw BotError.bad("inline keyboard button text must be non-empty") }
            guard button.object?.count ?? 0 > 1 else {
                throw BotError.bad("text buttons are unallowed in the inline keyboard")
            }
            if let data = button["callback_data"]?.string, !(1...64).contains(data.utf8.count) {
                throw BotError.bad("BUTTON_DATA_INVALID")
            }
            count += 1
        }
        guard count <= 100 else { throw BotError.bad("reply markup is too long") }
        return (count == 0 ? nil : ["inline_keyboard": .array(rows)], nil)
    }

    /// Takes in a send, or says how long to wait.
    mutating func admit(_ call: BotCall, to peer: Peer, count: Int = 1) throws {
        try world.mayPost(call.bot, to: peer)
        let kind = try world.chat(peer).kind
        let wait = limits.admit(
            count, bot: call.bot, chat: peer.id(seenBy: call.bot), kind: kind, now: world.clocks.moment)
        if let wait { throw BotError.tooMany(wait) }
    }

    /// Writes a message for a bot, and keeps note of it.
    mutating func post(_ draft: World.Draft, _ call: BotCall, to peer: Peer) throws -> Message {
        let message = try world.post(draft, to: peer, by: call.bot)
        log.append(
            message, method: call.method, bot: call.bot, milliseconds: world.clocks.now.milliseconds)
        return message
    }

    /// The answer that shows a message, which stands in a constant before: `show(try post(…))` would copy all of the state.
    func show(_ message: Message, _ call: BotCall) -> BotAnswer {
        BotAnswer { world.write(message, for: call.bot, to: &$0) }
    }

    /// Sends one message.
    mutating func send(_ call: BotCall, _ content: Content, to peer: Peer) throws -> BotAnswer {
        let draft = try draft(call, content, in: peer)
        try admit(call, to: peer)
        let message = try post(draft, call, to: peer)
        return show(message, call)
    }
}
