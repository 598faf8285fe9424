internal import Base
internal import Wire

/// A bot, as Telegram knows it.
package struct BotIdentity: Sendable, Equatable {
    package let id: Int64
    package let username: String
    package let firstName: String
    package let canJoinGroups: Bool
    /// Whether it hears all of a group, not only what is meant for it.
    package let canReadAllGroupMessages: Bool
    package let supportsInlineQueries: Bool
}

extension BotAPIClient {
    /// Whose token it is.
    package func getMe(as token: BotToken) async throws(BotAPIError) -> BotIdentity {
        let result = try await ask("getMe", as: token).result
        guard let id = result["id"]?.int64, let firstName = result["first_name"]?.string else {
            throw .incomplete("a bot")
        }
        return BotIdentity(
            id: id, username: result["username"]?.string ?? "", firstName: firstName,
            canJoinGroups: result["can_join_groups"]?.bool ?? false,
            canReadAllGroupMessages: result["can_read_all_group_messages"]?.bool ?? false,
            supportsInlineQueries: result["supports_inline_queries"]?.bool ?? false)
    }
}

extension BotAPIError {
    /// The answer lacks what it must have.
    static func incomplete(_ what: String) -> BotAPIError {
        BotAPIError(.malformedAnswer, "the result is not \(what)", status: 200, mayHaveBeenSent: true)
    }
}
