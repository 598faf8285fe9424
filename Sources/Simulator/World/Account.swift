/// Somebody who can write: a person or a bot.
package struct Account: Sendable {
    /// What only bots have.
    package struct Bot: Sendable {
        /// Whether it sees everything in groups, not only what is meant for it.
        package var readsAll = true
        /// Whether it takes inline queries.
        package var isInline = true
    }

    /// The number by which everybody knows it.
    package let id: Int64
    /// The name that every account has.
    package var firstName: String
    /// A second name.
    package var lastName: String?
    /// The name by which it can be found.
    package var username: String?
    /// The language of its program.
    package var language: String?
    /// What makes it a bot.
    package var bot: Bot?
    /// Whether the person has left Telegram.
    package var isDeactivated = false
    /// The bots that the person does not want to hear of.
    package var blocked: Set<Int64> = []
    /// The number of its next message in private chats and basic groups, which count for each account on their own.
    var nextMessageID = 1

    /// Whether it is a bot.
    package var isBot: Bool { bot != nil }
}
