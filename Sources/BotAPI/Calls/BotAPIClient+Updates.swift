package import Base
internal import Wire

extension BotAPIClient {
    /// Updates from `offset` on, each as raw JSON; confirms those below it.
    ///
    /// Telegram waits up to `timeout` for the first one. Nil for `allowedUpdates` keeps what was asked for last.
    package func getUpdates(
        offset: Int64?, limit: Int = 100, timeout: Duration, allowedUpdates: [String]?, as token: BotToken
    ) async throws(BotAPIError) -> [Bytes] {
        let seconds = min(max(timeout.components.seconds, 0), 50)
        var writer = JSONWriter()
        writer.object { writer in
            if let offset { writer.field("offset", offset) }
            writer.field("limit", limit)
            writer.field("timeout", seconds)
            if let allowedUpdates { writer.field("allowed_updates", allowedUpdates) }
        }
        // Telegram's wait, and as much again as an answer may take.
        let (answer, result) = try await ask(
            "getUpdates", .json(writer.finish()), as: token, timeout: .seconds(seconds + 15))
        guard result.kind == .array else { throw .incomplete("an array") }
        return result.elements.map { answer.whole[$0.sourceRange] }
    }
}
