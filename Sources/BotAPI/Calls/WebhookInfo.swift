package import Base
internal import Wire

/// What Telegram says of a bot's webhook.
package struct WebhookInfo: Sendable, Equatable {
    /// Empty where none is set.
    package let url: String
    /// Updates that wait to be delivered.
    package let pendingUpdateCount: Int
    package let ipAddress: String?
    /// When Telegram last failed to deliver.
    package let lastErrorDate: Timestamp?
    package let lastErrorMessage: String?
    package let maxConnections: Int?
    /// Nil stands for Telegram's default.
    package let allowedUpdates: [String]?
}

extension BotAPIClient {
    /// Has Telegram send the bot's updates to `url`, with `secretToken` in a header of each.
    package func setWebhook(
        _ url: String, secretToken: Secret, maxConnections: Int?, allowedUpdates: [String]?,
        dropPending: Bool = false, as token: BotToken
    ) async throws(BotAPIError) {
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("url", url)
            writer.key("secret_token")
            writer.text(secretToken.reveal())
            if let maxConnections { writer.field("max_connections", maxConnections) }
            if let allowedUpdates { writer.field("allowed_updates", allowedUpdates) }
            if dropPending { writer.field("drop_pending_updates", true) }
        }
        _ = try await call("setWebhook", .json(writer.finish()), as: token)
    }

    /// Has Telegram send updates nowhere.
    package func deleteWebhook(dropPending: Bool = false, as token: BotToken) async throws(BotAPIError) {
        _ = try await call(
            "deleteWebhook", .json(dropPending ? #"{"drop_pending_updates":true}"# : "{}"), as: token)
    }

    /// Where Telegram sends updates, and how that goes.
    package func getWebhookInfo(as token: BotToken) async throws(BotAPIError) -> WebhookInfo {
        let result = try await ask("getWebhookInfo", as: token).result
        guard let url = result["url"]?.string else { throw .incomplete("a webhook") }
        return WebhookInfo(
            url: url, pendingUpdateCount: result["pending_update_count"]?.int ?? 0,
            ipAddress: result["ip_address"]?.string,
            lastErrorDate: result["last_error_date"]?.int64.flatMap(Self.timestamp),
            lastErrorMessage: result["last_error_message"]?.string,
            maxConnections: result["max_connections"]?.int,
            allowedUpdates: result["allowed_updates"].map { $0.elements.compactMap(\.string) })
    }

    /// Telegram's seconds as a time; nil where they are beyond all times.
    private static func timestamp(_ seconds: Int64) -> Timestamp? {
        guard (0...253_402_300_799).contains(seconds) else { return nil }
        return Timestamp(milliseconds: seconds * 1000)
    }
}
