import Base
import Wire

/// Making people, bots and chats.
extension State {
    /// An account by its number or username.
    func account(_ arguments: Arguments, _ name: String) throws -> Int64 {
        guard let text = arguments.string(name) else { throw BotError.bad("\(name) is missing") }
        let id = Int64(text) ?? world.find(username: text.hasPrefix("@") ? String(text.dropFirst()) : text)
        guard let id, world.accounts[id] != nil else {
            throw BotError.bad("\(name): there is no such account")
        }
        return id
    }

    /// A group, supergroup or channel by its number or username.
    func chat(_ arguments: Arguments) throws -> Peer {
        guard let text = arguments.string("chat") else { throw BotError.bad("chat is missing") }
        let id = Int64(text) ?? world.find(username: text.hasPrefix("@") ? String(text.dropFirst()) : text)
        guard let id, world.chats[.chat(id)] != nil else { throw BotError.bad("there is no such chat") }
        return .chat(id)
    }

    /// Whose the chat is.
    func owner(_ arguments: Arguments) throws -> Int64 {
        guard let owner = try world.chat(chat(arguments)).members.first(where: { $0.value == .creator })
        else {
            throw BotError.bad("the chat has no owner")
        }
        return owner.key
    }

    mutating func createBot(_ arguments: Arguments) throws -> BotAnswer {
        guard let username = arguments.string("username"), !username.isEmpty else {
            throw BotError.bad("username is missing")
        }
        let readsAll = arguments.has("reads_all") ? arguments.bool("reads_all") : true
        let bot = try addBot(
            name: arguments.string("name") ?? username, username: username, readsAll: readsAll)
        return BotAnswer {
            $0.object {
                $0.field("id", bot.id)
                $0.field("token", bot.token)
                $0.field("username", username)
            }
        }
    }

    mutating func createUser(_ arguments: Arguments) throws -> BotAnswer {
        let user = try world.addUser(
            firstName: arguments.string("first_name") ?? "User", lastName: arguments.string("last_name"),
            username: arguments.string("username"), language: arguments.string("language_code") ?? "en")
        return BotAnswer { world.write(user: user.id, to: &$0) }
    }

    mutating func createChat(_ arguments: Arguments) throws -> BotAnswer {
        guard let kind = Chat.Kind(rawValue: arguments.string("type") ?? "group"), kind != .private else {
            throw BotError.bad("type is one of group, supergroup, channel")
        }
        let members = (arguments.json("members")?.array ?? []).compactMap(\.int64)
        let chat = try world.addChat(
            kind, title: arguments.string("title") ?? kind.rawValue, username: arguments.string("username"),
            creator: account(arguments, "creator"), members: members)
        return BotAnswer {
            $0.object {
                $0.field("id", chat.peer.id(seenBy: 0))
                $0.field("type", kind.rawValue)
                $0.field("title", chat.title)
            }
        }
    }

    mutating func addFault(_ arguments: Arguments) throws -> BotAnswer {
        let kind: Fault.Kind
        switch arguments.string("kind") {
        case "429": kind = .tooMany(min(max(arguments.int("retry_after") ?? 1, 1), 86_400))
        case "status":
            let status = min(max(arguments.int("status") ?? 500, 400), 599)
            kind = .status(status, arguments.string("description") ?? "Internal Server Error")
        case "slow": kind = .slow(milliseconds: min(max(arguments.int("milliseconds") ?? 1000, 0), 3_600_000))
        case "hang": kind = .hang
        case "cut": kind = .cut
        case "duplicate": kind = .duplicate
        case "reorder": kind = .reorder
        default: throw BotError.bad("kind is one of 429, status, slow, hang, cut, duplicate, reorder")
        }
        let bot = arguments.has("bot") ? try account(arguments, "bot") : nil
        let now = world.clocks.moment
        let fault = faults.add(kind) { fault in
            fault.bot = bot
            fault.method = arguments.string("method")?.lowercased()
            fault.percent = min(max(arguments.double("percent") ?? 100, 0), 100)
            fault.isAfter = arguments.string("when") == "after"
            fault.left = arguments.int("count")
            let start = now + .milliseconds(min(max(arguments.int("start_ms") ?? 0, 0), 1 << 40))
            fault.from = start
            if let span = arguments.int("for_ms") {
                fault.until = start + .milliseconds(min(max(span, 0), 1 << 40))
            }
        }
        return BotAnswer { $0.object { $0.field("id", fault.id) } }
    }

    mutating func setLimits(_ arguments: Arguments) throws -> BotAnswer {
        if arguments.has("enforced") { limits.rates.areEnforced = arguments.bool("enforced") }
        let scopes: [(String, WritableKeyPath<Simulator.Rates, Simulator.Rate>)] = [
            ("bot", \.bot), ("chat", \.chat), ("group", \.group),
        ]
        for (name, path) in scopes {
            if let burst = arguments.double("\(name)_burst"), burst >= 1 {
                limits.rates[keyPath: path].burst = min(burst, 1e9)
            }
            if let rate = arguments.double("\(name)_per_second"), rate > 0 {
                limits.rates[keyPath: path].perSecond = min(max(rate, 0.001), 1e9)
            }
        }
        return BotAnswer { writer in
            writer.object {
                $0.field("enforced", limits.rates.areEnforced)
                for (name, path) in scopes {
                    $0.field("\(name)_burst", limits.rates[keyPath: path].burst)
                    $0.field("\(name)_per_second", limits.rates[keyPath: path].perSecond)
                }
            }
        }
    }
}
