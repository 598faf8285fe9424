import Base
import Wire

/// Methods that change or remove messages.
extension State {
    private mutating func edit(
        _ call: BotCall, _ change: (inout State, Message) throws -> Content?
    ) throws -> BotAnswer {
        if call.arguments.has("inline_message_id") { throw BotError.bad("MESSAGE_ID_INVALID") }
        let peer = try peer(call)
        try world.mayPost(call.bot, to: peer)
        let message = try message(call, in: peer, missing: "message to edit not found")
        let content = try change(&self, message)
        let (markup, _) = try markup(call.arguments)
        let edited = try world.edit(message, by: call.bot) {
            if let content { $0.content = content }
            $0.inlineKeyboard = markup
        }
        return show(edited, call)
    }

    mutating func editText(_ call: BotCall) throws -> BotAnswer {
        try edit(call) { state, message in
            guard case .text = message.content else {
                throw BotError.bad("there is no text in the message to edit")
            }
            return .text(try state.text(call.arguments, "text"))
        }
    }

    mutating func editCaption(_ call: BotCall) throws -> BotAnswer {
        try edit(call) { state, message in
            guard case .media(let media, _) = message.content else {
                throw BotError.bad("there is no caption in the message to edit")
            }
            return .media(
                media, caption: try state.text(call.arguments, "caption", "caption_entities", max: 1024))
        }
    }

    mutating func editMarkup(_ call: BotCall) throws -> BotAnswer { try edit(call) { _, _ in nil } }

    mutating func editMedia(_ call: BotCall) throws -> BotAnswer {
        try edit(call) { state, message in
            guard case .media = message.content else { throw BotError.bad("message can't be edited") }
            guard let item = call.arguments.json("media") else {
                throw BotError.bad("can't parse media JSON object")
            }
            return try state.inputMedia(item, call)
        }
    }

    mutating func deleteMessage(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        let message = try message(call, in: peer, missing: "message to delete not found")
        try world.delete(message, by: call.bot)
        return .done
    }

    mutating func deleteMessages(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        let ids = (call.arguments.json("message_ids")?.array ?? []).compactMap(\.int64)
        guard (1...100).contains(ids.count) else { throw BotError.bad("there are no messages to delete") }
        for id in ids {
            // What is not there is skipped, as Telegram does.
            guard let message = try? world.message(Int(clamping: id), in: peer, seenBy: call.bot) else {
                continue
            }
            try world.delete(message, by: call.bot)
        }
        return .done
    }

    mutating func stopPoll(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        let message = try message(call, in: peer, missing: "message with poll to stop not found")
        guard case .poll(let id) = message.content, message.author == call.bot else {
            throw BotError.bad("message is not a poll")
        }
        let poll = try world.close(poll: id)
        return BotAnswer { world.write(poll, to: &$0) }
    }

    mutating func pin(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        try world.mayPost(call.bot, to: peer)
        try world.pin(message(call, in: peer, missing: "message to pin not found"), by: call.bot)
        return .done
    }

    mutating func unpin(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        let message =
            call.arguments.has("message_id")
            ? try message(call, in: peer, missing: "message to unpin not found") : nil
        world.unpin(message, in: peer)
        return .done
    }

    mutating func unpinAll(_ call: BotCall) throws -> BotAnswer {
        world.unpinAll(in: try peer(call))
        return .done
    }

    mutating func setReaction(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        try world.mayPost(call.bot, to: peer)
        let message = try message(call, in: peer, missing: "message to react not found")
        let emoji = (call.arguments.json("reaction")?.array ?? []).compactMap { $0["emoji"]?.string }
        guard emoji.count <= 1 else { throw BotError.bad("REACTIONS_TOO_MANY") }
        try world.react(emoji, to: message, by: call.bot)
        return .done
    }
}
