package import Base

/// What is offered to whoever writes to the bot from another chat.
package struct InlineAnswer: BotRequest {
    private let query: String
    private let results: Bytes
    private let count: Int
    /// For how many seconds Telegram may offer the same to others.
    package var cacheTime: Int64?
    /// Whether the results are for that one person.
    package var isPersonal: Bool?
    /// What the next question for more is asked with.
    package var nextOffset: String?
    /// A button above the results, as Telegram's JSON.
    package var button: Bytes?

    private static let resultsMax = 50
    private static let offsetBytesMax = 64

    /// The method that it calls.
    package let method = BotMethod(known: "answerInlineQuery")

    /// So many results, as Telegram's list of `InlineQueryResult`.
    package init(to query: String, _ results: Bytes, count: Int) {
        self.query = query
        self.results = results
        self.count = count
    }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters()
        parameters.add("inline_query_id", query)
        parameters.add("results", json: results)
        parameters.add("cache_time", cacheTime)
        parameters.add("is_personal", isPersonal)
        parameters.add("next_offset", nextOffset)
        parameters.add("button", json: button)
        return parameters
    }

    /// Throws where it offers too much.
    package func check() throws(BotRequestError) {
        guard count <= Self.resultsMax else {
            throw BotRequestError("results", "must have at most \(Self.resultsMax) results")
        }
        guard nextOffset?.utf8.count ?? 0 <= Self.offsetBytesMax else {
            throw BotRequestError("nextOffset", "must have at most \(Self.offsetBytesMax) bytes")
        }
        try QueryBounds.check(cacheTime: cacheTime)
    }
}
