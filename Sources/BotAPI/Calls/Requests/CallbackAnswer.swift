/// What is told to whoever has pressed a button.
package struct CallbackAnswer: BotRequest {
    private let query: String
    /// What is shown.
    package var text: String?
    /// Whether the text is to be closed by hand.
    package var showAlert: Bool?
    /// What is opened: a game, or a link to the bot.
    package var url: String?
    /// For how many seconds the answer is good for further presses.
    package var cacheTime: Int64?

    private static let textMax = 200

    /// The method that it calls.
    package let method = BotMethod(known: "answerCallbackQuery")

    /// An answer to a press, which may say nothing.
    package init(to query: String) { self.query = query }

    /// What it is called with.
    package var parameters: BotParameters {
        var parameters = BotParameters()
        parameters.add("callback_query_id", query)
        parameters.add("text", text)
        parameters.add("show_alert", showAlert)
        parameters.add("url", url)
        parameters.add("cache_time", cacheTime)
        return parameters
    }

    /// Throws where it says too much.
    package func check() throws(BotRequestError) {
        guard text?.count ?? 0 <= Self.textMax else {
            throw BotRequestError("text", "must have at most \(Self.textMax) characters")
        }
        try QueryBounds.check(cacheTime: cacheTime)
        guard url?.utf8.count ?? 0 <= QueryBounds.urlBytesMax else {
            throw BotRequestError("url", "is too long")
        }
    }
}

/// What answers to queries have in common.
enum QueryBounds {
    static let urlBytesMax = 4096

    static func check(cacheTime: Int64?) throws(BotRequestError) {
        if let cacheTime, !(0...Int64(Int32.max)).contains(cacheTime) {
            throw BotRequestError("cacheTime", "must be a number of seconds")
        }
    }
}
