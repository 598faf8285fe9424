/// Who is in a chat, and who does not want to hear of whom.
extension World {
    /// Makes somebody something else to a chat, and says so to bots; the chat itself says nothing.
    package mutating func setStatus(
        of member: Int64, in peer: Peer, to new: Chat.Status, by: Int64, silently: Bool = false
    ) throws(WorldError) {
        let account = try account(member)
        guard try chat(peer).kind != .private else { throw .invalid("private chats have no members") }
        let old = chats[peer]?.members[member] ?? .left
        guard old != new else { return }
        guard old != .creator || silently else { throw .noRights }
        chats[peer]?.members[member] = new
        if account.isBot {
            chats[peer]?.bots.removeAll { $0 == member }
            if new.isInside { chats[peer]?.bots.append(member) }
        }
        events.append(
            .membership(
                MembershipChange(peer: peer, by: by, about: member, old: old, new: new, date: now)))
    }

    /// Somebody comes into a chat, by themselves or brought by another.
    package mutating func join(_ member: Int64, _ peer: Peer, by: Int64? = nil) throws(WorldError) {
        let chat = try chat(peer)
        guard chat.members[member]?.isInside != true else { return }
        if by == nil, chat.members[member] == .kicked { throw .noRights }
        let isBotInChannel = chat.kind == .channel && accounts[member]?.isBot == true
        try setStatus(
            of: member, in: peer, to: isBotInChannel ? .administrator : .member, by: by ?? member)
        if chat.kind != .channel { try announce(.joined([member]), in: peer, by: by ?? member) }
    }

    /// Somebody goes out of a chat, by themselves or put out by another.
    package mutating func leave(
        _ member: Int64, _ peer: Peer, by: Int64? = nil, banned: Bool = false
    ) throws(WorldError) {
        let chat = try chat(peer)
        let wasInside = chat.members[member]?.isInside == true
        try setStatus(of: member, in: peer, to: banned ? .kicked : .left, by: by ?? member)
        if wasInside, chat.kind != .channel { try announce(.left(member), in: peer, by: by ?? member) }
    }

    /// A person stops hearing of a bot, or hears of it again.
    package mutating func setBlocked(_ blocked: Bool, bot: Int64, by user: Int64) throws(WorldError) {
        guard try account(bot).isBot, try !account(user).isBot else { throw .userNotFound }
        let was = accounts[user]?.blocked.contains(bot) ?? false
        guard was != blocked else { return }
        if blocked { accounts[user]?.blocked.insert(bot) } else { accounts[user]?.blocked.remove(bot) }
        events.append(
            .membership(
                MembershipChange(
                    peer: .pair(user: user, bot: bot), by: user, about: bot,
                    old: blocked ? .member : .kicked, new: blocked ? .kicked : .member, date: now)))
    }

    /// A group becomes a supergroup with a number of its own.
    package mutating func migrate(_ peer: Peer) throws(WorldError) -> Chat {
        var old = try chat(peer)
        guard old.kind == .group, old.migratedTo == nil, case .chat(let oldID) = peer else {
            throw .invalid("only a group becomes a supergroup")
        }
        guard let creator = old.members.first(where: { $0.value == .creator })?.key else { throw .noRights }
        let new = try addChat(.supergroup, title: old.title, creator: creator)
        guard case .chat(let newID) = new.peer else { throw .chatNotFound }
        try announce(.migratedTo(newID), in: peer, by: creator)
        old = try chat(peer)
        chats[new.peer]?.members = old.members
        chats[new.peer]?.bots = old.bots
        chats[peer]?.migratedTo = newID
        chats[new.peer]?.username = old.username
        if let username = old.username { usernames[username.lowercased()] = newID }
        try announce(.migratedFrom(oldID), in: new.peer, by: creator)
        return try chat(new.peer)
    }

    /// The chat says something of itself.
    @discardableResult
    mutating func announce(_ service: ServiceMessage, in peer: Peer, by: Int64) throws(WorldError) -> Message
    {
        try append(Draft(.service(service)), to: peer, by: by)
    }
}
