/// Something that accounts hear of.
package enum WorldEvent: Sendable {
    case posted(Message)
    case edited(Message)
    case pressed(CallbackQuery)
    case asked(InlineQuery)
    case membership(MembershipChange)
    case reacted(ReactionChange)
    case poll(Poll)
    case voted(poll: Int64, owner: Int64, user: Int64, options: [Int])
}

/// A button that was pressed.
package struct CallbackQuery: Sendable {
    /// Its number.
    package let id: Int64
    /// Who pressed it.
    package let user: Int64
    /// The bot that is asked.
    package let bot: Int64
    /// The message below which the button is.
    package let message: Message
    /// What the button says to the bot.
    package let data: String
}

/// A question to a bot from any chat.
package struct InlineQuery: Sendable {
    /// Its number.
    package let id: Int64
    /// Who asks.
    package let user: Int64
    /// The bot that is asked.
    package let bot: Int64
    /// The question.
    package let query: String
    /// Which page of the answer.
    package let offset: String
}

/// Somebody is now something else to a chat.
package struct MembershipChange: Sendable {
    /// The chat.
    package let peer: Peer
    /// Who brought it about.
    package let by: Int64
    /// Whom it is about.
    package let about: Int64
    /// What that was before.
    package let old: Chat.Status
    /// What it is now.
    package let new: Chat.Status
    /// When, in seconds.
    package let date: Int64
}

/// Somebody has reacted to a message, or taken that back.
package struct ReactionChange: Sendable {
    /// The message.
    package let message: Message
    /// Who reacted.
    package let user: Int64
    /// How before.
    package let old: [String]
    /// How now.
    package let new: [String]
    /// When, in seconds.
    package let date: Int64
}
