import Base
import BotAPI

/// Tells Telegram where a bot's updates go: to the webhook, or nowhere, so that they can be fetched.
struct WebhookSetter: Sendable {
    private let parts: Bots.Parts
    private let states: BotStates
    /// Requests that Telegram may send at once; updates of one chat still come one after the other.
    static let connectionsMax = 40

    init(_ parts: Bots.Parts, _ states: BotStates) {
        self.parts = parts
        self.states = states
    }

    /// Whether Telegram can reach us.
    ///
    /// A server of one's own may do so without TLS, where it lets webhooks be set so.
    var isPossible: Bool { parts.publicURL != nil }

    /// Where the updates of a bot are taken in.
    func url(of bot: Bot) -> String? {
        parts.publicURL.map { "\($0)/api/v1/telegram/webhook/\(bot.username)" }
    }

    /// Puts into effect how the bot's updates come in; what goes wrong becomes its state.
    ///
    /// `before` is how they came in until now; a webhook that somebody else has set, polling finds out.
    func apply(to id: Int64, before: Bot.Mode? = nil) async {
        guard let entry = parts.registry.entry(id), entry.bot.state != .unauthorized else { return }
        let bot = entry.bot
        guard bot.mode == .webhook || before == .webhook else { return }
        for _ in 0..<Self.triesMax {
            guard let pause = await tryToApply(entry) else { return }
            // Telegram takes a webhook once a second. Cut short only by the task's end.
            try? await Task.sleep(for: pause)
        }
        await states.report(id, pending: nil, error: "Telegram takes the webhook later")
    }

    private static let triesMax = 3
    /// The longest that somebody who registers a bot is made to wait.
    private static let pauseMax = Duration.seconds(3)

    /// Returns how long Telegram wants to be left alone before another try, if that is to be waited for.
    private func tryToApply(_ entry: BotRegistry.Entry) async -> Duration? {
        let (bot, id) = (entry.bot, entry.bot.id)
        do throws(BotAPIError) {
            if bot.mode == .webhook, !bot.isPaused, let url = url(of: bot) {
                try await parts.client.setWebhook(
                    url, secretToken: entry.webhookSecret, maxConnections: Self.connectionsMax,
                    allowedUpdates: UpdateKind.telegram, as: entry.token)
                let info = try await parts.client.getWebhookInfo(as: entry.token)
                guard info.url == url else {
                    await states.mark(id, .conflict, "the webhook leads to \(Self.host(of: info.url))")
                    return nil
                }
            } else {
                // Updates wait at Telegram for a day, until somebody fetches them or a webhook is set again.
                try await parts.client.deleteWebhook(as: entry.token)
            }
            await states.mark(id, .active)
        } catch {
            if error.code == .tooManyRequests, let pause = error.retryAfter, pause <= Self.pauseMax {
                return pause
            }
            await note(error, of: id, entry.token)
        }
        return nil
    }

    /// Ends the delivery of a bot that is to be forgotten.
    func remove(of id: Int64) async {
        guard let entry = parts.registry.entry(id), entry.bot.mode == .webhook else { return }
        do throws(BotAPIError) {
            try await parts.client.deleteWebhook(as: entry.token)
        } catch {
            parts.logger.warning(
                "the webhook of a bot could not be removed",
                ["bot": .string(entry.bot.username), "error": .string(error.description)])
        }
    }

    /// What an answer of Telegram says about the state of a bot.
    func note(_ error: BotAPIError, of id: Int64, _ token: BotToken) async {
        // The bot may have got a new token while this one was used.
        guard parts.registry.token(of: id) == token else { return }
        switch error.code {
        case .unauthorized, .notFound:
            await states.mark(
                id, .unauthorized, "Telegram no longer takes the token: \(error.description)", as: token)
        case .conflict: await states.mark(id, .conflict, error.description)
        case .cancelled: break
        // It is there, and the webhook is looked at again soon.
        case .tooManyRequests: await states.report(id, pending: nil, error: error.description)
        default: await states.mark(id, .unreachable, error.description)
        }
    }

    /// A foreign URL may hold secrets of others in its path.
    static func host(of url: String) -> String { WebAddress(url)?.host ?? "elsewhere" }
}
