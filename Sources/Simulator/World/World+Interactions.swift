import Wire

/// Buttons, reactions, votes and questions.
extension World {
    /// A person presses a button that speaks to the bot.
    package mutating func press(
        _ data: String, below message: Message, by user: Int64
    ) throws(WorldError) -> CallbackQuery {
        let bot = message.author
        guard accounts[bot]?.isBot == true else { throw .noSuchButton }
        let buttons = message.inlineKeyboard?["inline_keyboard"]?.array ?? []
        let has = buttons.contains { row in
            row.array?.contains { $0["callback_data"]?.string == data } ?? false
        }
        guard has else { throw .noSuchButton }
        let query = CallbackQuery(id: queryID(), user: user, bot: bot, message: message, data: data)
        events.append(.pressed(query))
        return query
    }

    /// Somebody reacts to a message; no emoji takes it back.
    package mutating func react(
        _ emoji: [String], to message: Message, by account: Int64
    ) throws(WorldError) {
        let old = message.reactions[account] ?? []
        guard old != emoji else { return }
        chats[message.peer]?.messages[message.serial]?.reactions[account] = emoji.isEmpty ? nil : emoji
        guard let changed = chats[message.peer]?.messages[message.serial] else { throw .messageNotFound }
        events.append(
            .reacted(ReactionChange(message: changed, user: account, old: old, new: emoji, date: now)))
    }

    /// A new question, not yet in any message.
    package mutating func addPoll(
        _ question: String, _ options: [String], owner: Int64, _ change: (inout Poll) -> Void
    ) -> Poll {
        var poll = Poll(id: queryID(), question: question, options: options, owner: owner)
        change(&poll)
        polls[poll.id] = poll
        return poll
    }

    /// A person chooses answers; none takes the choice back.
    package mutating func vote(_ options: [Int], poll id: Int64, by user: Int64) throws(WorldError) {
        guard var poll = polls[id] else { throw .messageNotFound }
        guard !poll.isClosed else { throw .pollClosed }
        let isValid =
            options.allSatisfy { poll.options.indices.contains($0) }
            && Set(options).count == options.count && (poll.allowsMultiple || options.count <= 1)
        guard isValid else { throw .invalid("these answers cannot be chosen") }
        poll.votes[user] = options.isEmpty ? nil : options
        polls[id] = poll
        events.append(.poll(poll))
        if !poll.isAnonymous {
            events.append(.voted(poll: id, owner: poll.owner, user: user, options: options))
        }
    }

    /// Ends a question.
    package mutating func close(poll id: Int64) throws(WorldError) -> Poll {
        guard var poll = polls[id] else { throw .messageNotFound }
        guard !poll.isClosed else { throw .pollClosed }
        poll.isClosed = true
        polls[id] = poll
        events.append(.poll(poll))
        return poll
    }

    /// A person asks a bot from some chat.
    package mutating func ask(
        _ bot: Int64, _ query: String, offset: String = "", by user: Int64
    ) throws(WorldError) -> InlineQuery {
        guard try account(bot).bot?.isInline == true else { throw .userNotFound }
        _ = try account(user)
        let question = InlineQuery(id: queryID(), user: user, bot: bot, query: query, offset: offset)
        events.append(.asked(question))
        return question
    }
}
