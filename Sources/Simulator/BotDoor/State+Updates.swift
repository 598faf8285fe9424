import Base
import Wire

/// What bots hear of what happens.
extension State {
    /// Turns what has happened into updates.
    mutating func settle() {
        for event in world.takeEvents() {
            switch event {
            case .posted(let message): tell(of: message, isEdited: false)
            case .edited(let message): tell(of: message, isEdited: true)
            case .pressed(let query): tell(of: query)
            case .asked(let query): tell(of: query)
            case .membership(let change): tell(of: change)
            case .reacted(let change): tell(of: change)
            case .poll(let poll):
                enqueue("poll", to: poll.owner, lane: poll.id) { $0.write(poll, to: &$1) }
            case .voted(let poll, let owner, let user, let options):
                enqueue("poll_answer", to: owner, lane: user) { world, writer in
                    writer.object {
                        $0.field("poll_id", String(poll))
                        $0.key("user")
                        world.write(user: user, to: &$0)
                        $0.field("option_ids", options)
                        $0.field("option_persistent_ids", options.map { String($0) })
                    }
                }
            }
        }
    }

    private mutating func tell(of message: Message, isEdited: Bool) {
        for bot in world.bots(in: message.peer) where hears(message, bot, isEdited: isEdited) {
            let base = message.isFromChat ? "channel_post" : "message"
            enqueue(isEdited ? "edited_" + base : base, to: bot, lane: message.peer.id(seenBy: bot)) {
                $0.write(message, for: bot, to: &$1)
            }
        }
    }

    private func hears(_ message: Message, _ bot: Int64, isEdited: Bool) -> Bool {
        if case .service = message.content { return true }
        guard message.author != bot else { return false }
        if message.isFromChat { return true }
        guard world.accounts[message.author]?.isBot != true else { return false }
        if case .pair = message.peer { return true }
        guard let account = world.accounts[bot], account.bot?.readsAll == false else { return true }
        if world.chats[message.peer]?.members[bot]?.isAdmin == true { return true }
        return concerns(message, account)
    }

    /// Whether a bot that does not read everything is meant.
    private func concerns(_ message: Message, _ bot: Account) -> Bool {
        if let serial = message.replyTo, world.chats[message.peer]?.messages[serial]?.author == bot.id {
            return true
        }
        let words = message.content.words
        let name = "@" + (bot.username?.lowercased() ?? "")
        if words.hasPrefix("/") {
            let command = words.prefix { !$0.isWhitespace }
            return !command.contains("@") || command.lowercased().hasSuffix(name)
        }
        return words.lowercased().contains(name)
    }

    private mutating func tell(of query: CallbackQuery) {
        enqueue("callback_query", to: query.bot, lane: query.user, life: 150) { world, writer in
            writer.object {
                $0.field("id", String(query.id))
                $0.key("from")
                world.write(user: query.user, to: &$0)
                $0.key("message")
                world.write(query.message, for: query.bot, to: &$0)
                $0.field("chat_instance", String(query.message.peer.id(seenBy: query.bot) &* 2_654_435_761))
                $0.field("data", query.data)
            }
        }
    }

    private mutating func tell(of query: InlineQuery) {
        enqueue("inline_query", to: query.bot, lane: query.user, life: 30) { world, writer in
            writer.object {
                $0.field("id", String(query.id))
                $0.key("from")
                world.write(user: query.user, to: &$0)
                $0.field("chat_type", "sender")
                $0.field("query", query.query)
                $0.field("offset", query.offset)
            }
        }
    }

    private mutating func tell(of change: MembershipChange) {
        for bot in Set(world.bots(in: change.peer) + [change.about]).sorted() where bots[bot] != nil {
            let isOwn = bot == change.about
            let isAdmin = world.chats[change.peer]?.members[bot]?.isAdmin == true
            guard isOwn || isAdmin else { continue }
            enqueue(
                isOwn ? "my_chat_member" : "chat_member", to: bot, lane: change.peer.id(seenBy: bot)
            ) { world, writer in
                writer.object {
                    $0.key("chat")
                    world.write(chat: change.peer, for: bot, to: &$0)
                    $0.key("from")
                    world.write(user: change.by, to: &$0)
                    $0.field("date", change.date)
                    $0.key("old_chat_member")
                    world.write(member: change.about, change.old, to: &$0)
                    $0.key("new_chat_member")
                    world.write(member: change.about, change.new, to: &$0)
                }
            }
        }
    }

    private mutating func tell(of change: ReactionChange) {
        let peer = change.message.peer
        for bot in world.bots(in: peer) where bot != change.user {
            let isChannel = change.message.isFromChat
            enqueue(
                isChannel ? "message_reaction_count" : "message_reaction", to: bot,
                lane: peer.id(seenBy: bot)
            ) { world, writer in
                writer.object {
                    $0.key("chat")
                    world.write(chat: peer, for: bot, to: &$0)
                    $0.field("message_id", change.message.id(seenBy: bot))
                    $0.field("date", change.date)
                    if isChannel {
                        $0.key("reactions")
                        return $0.array { Self.writeCounts(change.message, to: &$0) }
                    }
                    $0.key("user")
                    world.write(user: change.user, to: &$0)
                    $0.key("old_reaction")
                    $0.array { for emoji in change.old { Self.write(emoji: emoji, to: &$0) } }
                    $0.key("new_reaction")
                    $0.array { for emoji in change.new { Self.write(emoji: emoji, to: &$0) } }
                }
            }
        }
    }

    private static func writeCounts(_ message: Message, to writer: inout JSONWriter) {
        var counts: [String: Int] = [:]
        for emoji in message.reactions.values.joined() { counts[emoji, default: 0] += 1 }
        for (emoji, count) in counts.sorted(by: { $0.key < $1.key }) {
            writer.object {
                $0.key("type")
                write(emoji: emoji, to: &$0)
                $0.field("total_count", count)
            }
        }
    }

    private static func write(emoji: String, to writer: inout JSONWriter) {
        writer.object {
            $0.field("type", "emoji")
            $0.field("emoji", emoji)
        }
    }
}
