import Base
import Wire

/// Methods that send again what is there.
extension State {
    mutating func forward(_ call: BotCall) throws -> BotAnswer {
        let source = try peer(call, "from_chat_id")
        let message = try message(call, in: source, missing: "message to forward not found")
        let peer = try peer(call)
        try admit(call, to: peer)
        let forwarded = try forward(message, call, to: peer)
        return show(forwarded, call)
    }

    private mutating func forward(_ message: Message, _ call: BotCall, to peer: Peer) throws -> Message {
        if case .service = message.content { throw BotError.bad("the message can't be forwarded") }
        var draft = World.Draft(message.content)
        draft.origin = world.origin(of: message)
        return try post(draft, call, to: peer)
    }

    mutating func forwardMany(_ call: BotCall) throws -> BotAnswer {
        try many(call, missing: "there are no messages to forward") { try $0.forward($1, call, to: $2) }
    }

    mutating func copy(_ call: BotCall) throws -> BotAnswer {
        let source = try peer(call, "from_chat_id")
        let message = try message(call, in: source, missing: "message to copy not found")
        let peer = try peer(call)
        let draft = try copyDraft(of: message, call, to: peer)
        try admit(call, to: peer)
        let sent = try post(draft, call, to: peer)
        return BotAnswer { $0.object { $0.field("message_id", sent.id(seenBy: call.bot)) } }
    }

    private func copyDraft(of message: Message, _ call: BotCall, to peer: Peer) throws -> World.Draft {
        var content = message.content
        switch content {
        case .service, .poll: throw BotError.bad("the message can't be copied")
        case .media(let media, _) where call.arguments.has("caption"):
            content = .media(
                media, caption: try text(call.arguments, "caption", "caption_entities", max: 1024))
        default: break
        }
        return try draft(call, content, in: peer)
    }

    mutating func copyMany(_ call: BotCall) throws -> BotAnswer {
        try many(call, missing: "there are no messages to copy") { state, message, peer in
            try state.post(try state.copyDraft(of: message, call, to: peer), call, to: peer)
        }
    }

    /// Does something with each message of a list; those that are not there are left out.
    private mutating func many(
        _ call: BotCall, missing words: String,
        _ send: (inout State, Message, Peer) throws -> Message
    ) throws -> BotAnswer {
        let source = try peer(call, "from_chat_id")
        let peer = try peer(call)
        let ids = (call.arguments.json("message_ids")?.array ?? []).compactMap(\.int64)
        guard (1...100).contains(ids.count) else { throw BotError.bad(words) }
        // What is not there is skipped, as Telegram does.
        let messages = ids.compactMap { try? world.message(Int(clamping: $0), in: source, seenBy: call.bot) }
        guard !messages.isEmpty else { throw BotError.bad(words) }
        try admit(call, to: peer, count: messages.count)
        var sent: [Int] = []
        for message in messages { sent.append(try send(&self, message, peer).id(seenBy: call.bot)) }
        return BotAnswer { writer in
            writer.array { for id in sent { $0.object { $0.field("message_id", id) } } }
        }
    }
}
