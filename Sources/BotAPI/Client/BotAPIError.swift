package import Base

/// Why a call of the Bot API failed.
package struct BotAPIError: Error, Sendable, Equatable, CustomStringConvertible {
    /// What kind of failure it is.
    package enum Code: String, Sendable, CaseIterable {
        /// Telegram refuses what was asked: 400, or another 4xx that has no name here.
        case badRequest
        /// The token is revoked or wrong.
        case unauthorized
        /// The bot may not: blocked by the user, kicked from the chat.
        case forbidden
        /// No such method, or no such file.
        case notFound
        /// Somebody else polls, or a webhook is set.
        case conflict
        /// Too fast; `retryAfter` says for how long to be silent.
        case tooManyRequests
        /// The group became a supergroup; `migrateTo` is its new number.
        case chatMigrated
        /// What was sent is too large.
        case tooLarge
        /// Telegram's own trouble: 5xx.
        case server
        /// No whole answer in time.
        case timeout
        /// No connection, or one that broke off.
        case unreachable
        /// What came is no answer of the Bot API.
        case malformedAnswer
        /// The task was cancelled, or the client shut down.
        case cancelled
        /// The call itself is not one that can be made.
        case badCall
    }

    /// What kind of failure it is.
    package let code: Code
    /// The status of the HTTP answer, where there was one.
    package let status: Int?
    /// What Telegram says, or what went wrong; never with the token.
    package let description: String
    /// How long Telegram wants the bot to be silent.
    package let retryAfter: Duration?
    /// The supergroup that the group became.
    package let migrateTo: Int64?
    /// Whether Telegram may have carried the call out; false means that repeating it cannot double it.
    package let mayHaveBeenSent: Bool
    /// Telegram's own answer, where there was one; never with the token.
    package let whole: Bytes?

    /// Makes an error.
    package init(
        _ code: Code, _ description: String, status: Int? = nil, retryAfter: Duration? = nil,
        migrateTo: Int64? = nil, mayHaveBeenSent: Bool = false, whole: Bytes? = nil
    ) {
        self.code = code
        self.status = status
        // PostgreSQL keeps no text with a NUL, and whatever Telegram says is written down.
        self.description =
            description.utf8.contains(0)
            ? String(description.unicodeScalars.map { $0 == "\0" ? "\u{FFFD}" : Character($0) }) : description
        self.retryAfter = retryAfter
        self.migrateTo = migrateTo
        self.mayHaveBeenSent = mayHaveBeenSent
        self.whole = whole
    }
}
