package import Base

/// One small Telegram: people, bots, chats, messages and files.
///
/// It knows no protocol; doors open onto it. The same seed, clock and calls give the same world.
package struct World: Sendable {
    /// What the world holds at most.
    package struct Limits: Sendable {
        /// Bytes of all files.
        package var fileBytesMax = 256 << 20
        /// Messages of one chat; older ones are forgotten.
        package var messagesPerChatMax = 20_000
        /// People and bots.
        package var accountsMax = 1_000_000
        /// Groups, supergroups and channels.
        package var chatsMax = 200_000

        /// Limits that suit tests and demonstrations.
        package init() {}
    }

    /// What time it is there.
    package let clocks: Clocks
    /// What it holds at most.
    package let limits: Limits
    /// Everybody, by number.
    package internal(set) var accounts: [Int64: Account] = [:]
    /// All chats that have begun.
    package internal(set) var chats: [Peer: Chat] = [:]
    /// All questions.
    package internal(set) var polls: [Int64: Poll] = [:]
    /// All files.
    package var files: FileStore
    /// The world's own chance.
    package var random: SeededGenerator
    /// What happened and nobody has been told of.
    var events: [WorldEvent] = []
    var usernames: [String: Int64] = [:]
    private var nextUser: Int64 = 7_000_000_001
    private var nextBot: Int64 = 5_000_000_001
    private var nextGroup: Int64 = 4_000_000_001
    private var nextSupergroup: Int64 = 1_000_002_000_000_001
    private var nextQuery: Int64
    /// The number of the first message of an account and of a chat.
    let firstMessageID: Int

    /// An empty world.
    ///
    /// Numbers of messages begin at 1, or, with `numbersFromClock`, at one that rises by four a second, so that a world
    /// that is made again later repeats none of an earlier one.
    package init(
        seed: UInt64, clocks: Clocks, limits: Limits = Limits(), numbersFromClock: Bool = false
    ) {
        let seconds = clocks.now.milliseconds / 1000 - 1_767_225_600
        firstMessageID = numbersFromClock ? Int(min(max(1, seconds * 4), 1 << 30)) : 1
        nextQuery = Int64(firstMessageID)
        self.clocks = clocks
        self.limits = limits
        random = SeededGenerator(seed: seed)
        files = FileStore(bytesMax: limits.fileBytesMax)
    }

    /// The time in seconds.
    package var now: Int64 { clocks.now.milliseconds / 1000 }

    /// Hands over what happened since the last time.
    mutating func takeEvents() -> [WorldEvent] {
        defer { events.removeAll(keepingCapacity: true) }
        return events
    }

    /// A number that no other query or poll has.
    mutating func queryID() -> Int64 {
        nextQuery += 1
        return nextQuery << 20 | Int64(random.next() >> 44)
    }

    // MARK: Accounts

    /// A new person.
    package mutating func addUser(
        firstName: String, lastName: String? = nil, username: String? = nil, language: String? = "en"
    ) throws(WorldError) -> Account {
        guard accounts.count < limits.accountsMax else { throw .tooMany("accounts") }
        var account = Account(
            id: nextUser, firstName: firstName, lastName: lastName, username: username, language: language)
        try register(username, account.id)
        account.nextMessageID = firstMessageID
        nextUser += 1
        accounts[account.id] = account
        return account
    }

    /// A new bot.
    package mutating func addBot(
        name: String, username: String, readsAll: Bool = true
    ) throws(WorldError) -> Account {
        guard accounts.count < limits.accountsMax else { throw .tooMany("accounts") }
        var account = Account(id: nextBot, firstName: name, username: username)
        account.bot = Account.Bot(readsAll: readsAll)
        account.nextMessageID = firstMessageID
        try register(username, account.id)
        nextBot += 1
        accounts[account.id] = account
        return account
    }

    private mutating func register(_ username: String?, _ id: Int64) throws(WorldError) {
        guard let username else { return }
        guard usernames[username.lowercased()] == nil else { throw .invalid("the username is taken") }
        usernames[username.lowercased()] = id
    }

    /// The account of that number.
    package func account(_ id: Int64) throws(WorldError) -> Account {
        guard let account = accounts[id] else { throw .userNotFound }
        return account
    }

    /// Says that a person has left Telegram.
    package mutating func deactivate(_ user: Int64) throws(WorldError) {
        _ = try account(user)
        accounts[user]?.isDeactivated = true
    }

    // MARK: Chats

    /// A new group, supergroup or channel.
    package mutating func addChat(
        _ kind: Chat.Kind, title: String, username: String? = nil, creator: Int64, members: [Int64] = []
    ) throws(WorldError) -> Chat {
        guard chats.count < limits.chatsMax else { throw .tooMany("chats") }
        guard kind != .private else { throw .invalid("a private chat begins with a message") }
        for member in members + [creator] { _ = try account(member) }
        let id = kind == .group ? -nextGroup : -nextSupergroup
        try register(username, id)
        if kind == .group { nextGroup += 1 } else { nextSupergroup += 1 }
        var chat = Chat(peer: .chat(id), kind: kind, title: title, username: username)
        chat.members[creator] = .creator
        chat.messages = MessageList(first: firstMessageID)
        chats[chat.peer] = chat
        for member in members where member != creator {
            let status: Chat.Status =
                kind == .channel && accounts[member]?.isBot == true ? .administrator : .member
            try setStatus(of: member, in: chat.peer, to: status, by: creator, silently: true)
        }
        return try self.chat(chat.peer)
    }

    /// The chat that an account means by a number.
    package func peer(_ id: Int64, seenBy viewer: Int64) throws(WorldError) -> Peer {
        if id < 0 {
            guard let chat = chats[.chat(id)] else { throw .chatNotFound }
            if let target = chat.migratedTo { throw .migrated(target) }
            return chat.peer
        }
        guard let other = accounts[id], let account = accounts[viewer], other.isBot != account.isBot else {
            throw .chatNotFound
        }
        return account.isBot ? .pair(user: id, bot: viewer) : .pair(user: viewer, bot: id)
    }

    /// The number of an account or a chat by its username.
    package func find(username: String) -> Int64? { usernames[username.lowercased()] }

    /// The chat itself.
    package func chat(_ peer: Peer) throws(WorldError) -> Chat {
        if let chat = chats[peer] { return chat }
        guard case .pair = peer else { throw .chatNotFound }
        var chat = Chat(peer: peer, kind: .private, title: "")
        chat.messages = MessageList(first: firstMessageID)
        return chat
    }

    /// The bots that hear what is said in a chat.
    func bots(in peer: Peer) -> [Int64] {
        switch peer {
        case .pair(_, let bot): [bot]
        case .chat: chats[peer]?.bots ?? []
        }
    }
}
