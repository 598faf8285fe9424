import Base
import Wire

/// Methods about the bot itself, about chats, files, commands and queries.
extension State {
    func getMe(_ call: BotCall) throws -> BotAnswer {
        let account = try world.account(call.bot)
        return BotAnswer {
            $0.object {
                $0.field("id", account.id)
                $0.field("is_bot", true)
                $0.field("first_name", account.firstName)
                $0.field("username", account.username ?? "")
                $0.field("can_join_groups", true)
                $0.field("can_read_all_group_messages", account.bot?.readsAll ?? false)
                $0.field("supports_inline_queries", account.bot?.isInline ?? false)
                $0.field("can_connect_to_business", false)
                $0.field("has_main_web_app", false)
            }
        }
    }

    mutating func sendChatAction(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        try world.mayPost(call.bot, to: peer)
        guard let action = call.arguments.string("action"), !action.isEmpty else {
            throw BotError.bad("wrong parameter action in request")
        }
        return .done
    }

    mutating func answerCallback(_ call: BotCall) throws -> BotAnswer {
        try answer(
            call, "callback_query_id", keep: ["text", "show_alert", "url", "cache_time"],
            missing: "query is too old and response timeout expired or query ID is invalid")
    }

    mutating func answerInline(_ call: BotCall) throws -> BotAnswer {
        guard call.arguments.json("results")?.array != nil else {
            throw BotError.bad("can't parse inline query results")
        }
        return try answer(
            call, "inline_query_id", keep: ["results", "next_offset", "cache_time"],
            missing: "query is too old and response timeout expired or query ID is invalid")
    }

    private mutating func answer(
        _ call: BotCall, _ name: String, keep names: [String], missing words: String
    ) throws -> BotAnswer {
        guard let id = call.arguments.string(name).flatMap({ Int64($0) }) else { throw BotError.bad(words) }
        var kept = JSONFields()
        for name in names where call.arguments.has(name) {
            kept[name] = call.arguments.json(name) ?? call.arguments.string(name).map { .string($0) }
        }
        answers.set(id, .object(kept))
        return .done
    }

    func getChat(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        let chat = try visible(peer, call)
        return BotAnswer { writer in
            writer.object {
                world.writeMembers(of: peer, for: call.bot, to: &$0)
                $0.field("accent_color_id", 0)
                $0.field("max_reaction_count", 11)
                $0.key("accepted_gift_types")
                $0.object {
                    for kind in [
                        "unlimited_gifts", "limited_gifts", "unique_gifts", "premium_subscription",
                        "gifts_from_channels",
                    ] { $0.field(kind, false) }
                }
                if chat.kind == .group || chat.kind == .supergroup {
                    $0.key("permissions")
                    $0.object { $0.field("can_send_messages", true) }
                }
                guard let serial = chat.pinned.last, let message = chat.messages[serial] else { return }
                $0.key("pinned_message")
                world.write(message, for: call.bot, depth: 1, to: &$0)
            }
        }
    }

    /// The chat, where the bot may know of it.
    private func visible(_ peer: Peer, _ call: BotCall) throws -> Chat {
        if case .pair = peer {
            guard let chat = world.chats[peer] else { throw WorldError.chatNotFound }
            return chat
        }
        let chat = try world.chat(peer)
        switch chat.members[call.bot] ?? .left {
        case .kicked: throw WorldError.kicked(chat.kind)
        case .left: throw chat.username == nil ? WorldError.chatNotFound : WorldError.notMember(chat.kind)
        case .creator, .administrator, .member, .restricted: return chat
        }
    }

    func getChatMember(_ call: BotCall) throws -> BotAnswer {
        let chat = try visible(try peer(call), call)
        guard let user = call.arguments.int64("user_id"), world.accounts[user] != nil else {
            throw BotError.bad("invalid user_id specified")
        }
        let status = chat.kind == .private ? .member : chat.members[user] ?? .left
        return BotAnswer { world.write(member: user, status, to: &$0) }
    }

    func getAdministrators(_ call: BotCall) throws -> BotAnswer {
        let chat = try visible(try peer(call), call)
        guard chat.kind != .private else {
            throw BotError.bad("there are no administrators in the private chat")
        }
        let admins = chat.members.filter(\.value.isAdmin).sorted { $0.key < $1.key }
        return BotAnswer { writer in
            writer.array { for (id, status) in admins { world.write(member: id, status, to: &$0) } }
        }
    }

    func getMemberCount(_ call: BotCall) throws -> BotAnswer {
        let chat = try visible(try peer(call), call)
        let count = chat.kind == .private ? 2 : chat.members.values.count(where: \.isInside)
        return BotAnswer { $0.value(count) }
    }

    mutating func ban(_ call: BotCall) throws -> BotAnswer {
        let (peer, user) = try moderated(call)
        try world.leave(user, peer, by: call.bot, banned: true)
        return .done
    }

    mutating func unban(_ call: BotCall) throws -> BotAnswer {
        let (peer, user) = try moderated(call)
        let status = try world.chat(peer).members[user] ?? .left
        let mayStay = call.arguments.bool("only_if_banned") && status != .kicked
        if !mayStay { try world.setStatus(of: user, in: peer, to: .left, by: call.bot) }
        return .done
    }

    private func moderated(_ call: BotCall) throws -> (Peer, Int64) {
        let peer = try peer(call)
        let chat = try visible(peer, call)
        guard chat.kind != .private else {
            throw BotError.bad("can't ban members in private chats")
        }
        guard let user = call.arguments.int64("user_id"), world.accounts[user] != nil else {
            throw BotError.bad("invalid user_id specified")
        }
        guard chat.members[call.bot]?.isAdmin == true else {
            throw BotError.bad("not enough rights to restrict/unrestrict chat member")
        }
        guard chat.members[user] != .creator else { throw BotError.bad("can't remove chat owner") }
        return (peer, user)
    }

    mutating func leaveChat(_ call: BotCall) throws -> BotAnswer {
        let peer = try peer(call)
        let chat = try visible(peer, call)
        guard chat.kind != .private else {
            throw BotError.bad("chat member status can't be changed in private chats")
        }
        try world.leave(call.bot, peer)
        return .done
    }

    func getFile(_ call: BotCall) throws -> BotAnswer {
        guard let text = call.arguments.string("file_id"), let id = FileID.read(text, for: call.bot) else {
            throw BotError.bad("invalid file_id")
        }
        guard let file = world.files[id.number] else { throw WorldError.fileNotFound }
        guard file.bytes.count <= settings.downloadBytesMax else { throw BotError.bad("file is too big") }
        return BotAnswer {
            $0.object {
                $0.field("file_id", text)
                $0.field("file_unique_id", id.unique)
                $0.field("file_size", file.bytes.count)
                $0.field("file_path", file.path)
            }
        }
    }

    // MARK: Commands

    private static func commandKey(_ call: BotCall) -> String {
        let scope = call.arguments.json("scope") ?? ["type": "default"]
        return "\(call.arguments.string("language_code") ?? "") \(scope)"
    }

    mutating func setCommands(_ call: BotCall) throws -> BotAnswer {
        guard let commands = call.arguments.json("commands")?.array else {
            throw BotError.bad("can't parse commands JSON object")
        }
        for command in commands {
            guard let name = command["command"]?.string, (1...32).contains(name.utf8.count),
                let words = command["description"]?.string, (1...256).contains(words.utf16.count)
            else { throw BotError.bad("BOT_COMMAND_INVALID") }
        }
        guard commands.count <= 100 else { throw BotError.bad("BOT_COMMANDS_TOO_MUCH") }
        guard bots[call.bot]?.commands.count ?? 0 < 1000 else { throw BotError.bad("too many scopes") }
        bots[call.bot]?.commands[Self.commandKey(call)] = .array(commands)
        return .done
    }

    func getCommands(_ call: BotCall) throws -> BotAnswer {
        BotAnswer { $0.value(bots[call.bot]?.commands[Self.commandKey(call)] ?? .array([])) }
    }

    mutating func deleteCommands(_ call: BotCall) throws -> BotAnswer {
        bots[call.bot]?.commands[Self.commandKey(call)] = nil
        return .done
    }
}
