package import Wire

/// Writing, changing and taking back.
extension World {
    /// A message that is still to be written.
    package struct Draft: Sendable {
        /// What it says.
        package var content: Content
        /// The message that it answers, by serial number.
        package var replyTo: Int?
        /// Where it was forwarded from.
        package var origin: Message.Origin?
        /// The buttons below it.
        package var inlineKeyboard: JSONValue?
        /// The keyboard that goes with it.
        package var keyboard: JSONValue?
        /// The album that it belongs to.
        package var mediaGroup: String?

        /// A message that says this.
        package init(_ content: Content) { self.content = content }
    }

    /// Throws where an account may not write in a chat.
    package func mayPost(_ sender: Int64, to peer: Peer) throws(WorldError) {
        let account = try account(sender)
        switch peer {
        case .pair(let user, let bot):
            guard let person = accounts[user] else { throw .chatNotFound }
            guard account.isBot else { return }
            if person.isDeactivated { throw .deactivated }
            if person.blocked.contains(bot) { throw .blocked }
            guard chats[peer] != nil else { throw .neverStarted }
        case .chat:
            let chat = try chat(peer)
            if let target = chat.migratedTo { throw .migrated(target) }
            let status = chat.members[sender] ?? .left
            if status == .kicked { throw .kicked(chat.kind) }
            guard status.isInside else { throw .notMember(chat.kind) }
            if chat.kind == .channel, !status.isAdmin { throw .noRights }
        }
    }

    /// Writes a message.
    @discardableResult
    package mutating func post(_ draft: Draft, to peer: Peer, by sender: Int64) throws(WorldError) -> Message
    {
        try mayPost(sender, to: peer)
        if case .pair(let user, let bot) = peer, sender == user, accounts[user]?.blocked.contains(bot) == true
        {
            try setBlocked(false, bot: bot, by: user)
        }
        return try append(draft, to: peer, by: sender)
    }

    mutating func append(_ draft: Draft, to peer: Peer, by sender: Int64) throws(WorldError) -> Message {
        if chats[peer] == nil { chats[peer] = try chat(peer) }
        guard let kind = chats[peer]?.kind, let serial = chats[peer]?.messages.reserve() else {
            throw .chatNotFound
        }
        var message = Message(
            peer: peer, serial: serial, ids: numbers(in: peer, kind),
            author: sender, isFromChat: kind == .channel, date: now, content: draft.content)
        message.replyTo = draft.replyTo
        message.origin = draft.origin
        message.inlineKeyboard = draft.inlineKeyboard
        message.keyboard = draft.keyboard
        message.mediaGroup = draft.mediaGroup
        chats[peer]?.messages.append(message, max: limits.messagesPerChatMax)
        events.append(.posted(message))
        return message
    }

    /// Takes the next number of each account, where each counts on its own.
    private mutating func numbers(in peer: Peer, _ kind: Chat.Kind) -> [Int64: Int] {
        let accounts: [Int64]
        switch kind {
        case .supergroup, .channel: return [:]
        case .private:
            guard case .pair(let user, let bot) = peer else { return [:] }
            accounts = [user, bot]
        case .group: accounts = chats[peer].map { $0.members.filter { $0.value.isInside }.map(\.key) } ?? []
        }
        var numbers: [Int64: Int] = [:]
        for account in accounts {
            numbers[account] = self.accounts[account]?.nextMessageID
            self.accounts[account]?.nextMessageID += 1
        }
        return numbers
    }

    /// The message that an account means by a number.
    package func message(_ id: Int, in peer: Peer, seenBy account: Int64) throws(WorldError) -> Message {
        let chat = try chat(peer)
        let serial = chat.hasSharedIDs ? id : chat.messages.serial(id, of: account)
        guard let serial, let message = chat.messages[serial] else { throw .messageNotFound }
        return message
    }

    /// Changes a message; says so to others, and not to itself.
    @discardableResult
    package mutating func edit(
        _ message: Message, by editor: Int64, _ change: (inout Message) -> Void
    ) throws(WorldError) -> Message {
        if message.author != editor {
            guard message.isFromChat, try chat(message.peer).members[editor]?.isAdmin == true else {
                throw .cannotEdit
            }
        }
        if case .service = message.content { throw .cannotEdit }
        var edited = message
        change(&edited)
        guard edited.content != message.content || edited.inlineKeyboard != message.inlineKeyboard else {
            throw .notModified
        }
        if edited.content != message.content { edited.editDate = now }
        chats[message.peer]?.messages[message.serial] = edited
        events.append(.edited(edited))
        return edited
    }

    /// Takes a message back.
    package mutating func delete(_ message: Message, by account: Int64) throws(WorldError) {
        let chat = try chat(message.peer)
        let mayDelete =
            message.author == account || chat.kind == .private || chat.members[account]?.isAdmin == true
        guard mayDelete else { throw .cannotDelete }
        chats[message.peer]?.messages.remove(message.serial)
        chats[message.peer]?.pinned.removeAll { $0 == message.serial }
    }

    /// Pins a message, and says so.
    package mutating func pin(_ message: Message, by account: Int64) throws(WorldError) {
        let chat = try chat(message.peer)
        let isAdmin = chat.members[account]?.isAdmin == true
        guard chat.kind == .private || chat.kind == .group || isAdmin else { throw .noRights }
        guard !chat.pinned.contains(message.serial) else { return }
        chats[message.peer]?.pinned.append(message.serial)
        try announce(.pinned(message.serial), in: message.peer, by: account)
    }

    /// Unpins a message, or the newest that is pinned.
    package mutating func unpin(_ message: Message?, in peer: Peer) {
        guard let message else {
            _ = chats[peer]?.pinned.popLast()
            return
        }
        chats[peer]?.pinned.removeAll { $0 == message.serial }
    }

    /// Unpins every message of a chat.
    package mutating func unpinAll(in peer: Peer) { chats[peer]?.pinned = [] }

    /// What a forwarded message says of where it comes from.
    package func origin(of message: Message) -> Message.Origin {
        if let origin = message.origin { return origin }
        if let sender = message.sender { return .user(sender, date: message.date) }
        return .channel(message.peer.id(seenBy: 0), messageID: message.serial, date: message.date)
    }
}
