/// How fast a bot may send: Telegram's published limits, until it says otherwise by itself.
package struct SendLimits: Sendable, Equatable {
    /// Calls of one bot within `botWindow`.
    package var botCount = 30
    /// A second, and a little for what the way to Telegram may press together.
    package var botWindow = Duration.milliseconds(1050)
    /// Of these, how many are left to interactive sends.
    package var interactiveReserve = 5
    /// The time that one message to a chat takes up.
    package var chatInterval = Duration.seconds(1)
    /// How many may go to a chat at once before that counts.
    package var chatBurst = 3
    /// Messages to one group within `groupWindow`.
    package var groupCount = 20
    /// A minute, and a little.
    package var groupWindow = Duration.seconds(61)

    /// Telegram's.
    package init() {}
}

/// What may go first.
package enum SendPriority: Int64, Sendable, CaseIterable {
    /// Somebody waits for it.
    case interactive = 0
    /// It may wait: campaigns, digests.
    case bulk = 1

    /// Its name on the wire.
    var name: String { self == .interactive ? "interactive" : "bulk" }
}
