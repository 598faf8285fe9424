import Base
import BotAPI
import Kernel
import Wire

/// Fetches one bot's updates, one request after the other, for as long as its task runs.
///
/// What a request brought is in the log before the next one confirms it. Nothing else remembers how far it has come: after
/// a crash Telegram gives again what was not confirmed, and the log knows what it has.
struct BotPoll: Sendable {
    private let id: Int64
    private let parts: Bots.Parts
    private let states: BotStates
    private let metrics: IngestMetrics
    private let settings: PollSettings

    init(
        _ id: Int64, _ parts: Bots.Parts, _ states: BotStates, _ metrics: IngestMetrics,
        _ settings: PollSettings
    ) {
        self.id = id
        self.parts = parts
        self.states = states
        self.metrics = metrics
        self.settings = settings
    }

    /// Pauses below it are nothing to tell anybody of.
    private static let longPause = Duration.seconds(5)

    func run() async {
        var offset: Int64?
        var failures = 0
        while !Task.isCancelled {
            guard let entry = parts.registry.entry(id) else { return }
            do {
                offset = try await fetch(entry, from: offset) ?? offset
                failures = 0
                if entry.bot.state != .active { await states.mark(id, .active) }
            } catch let error as BotAPIError {
                guard error.code != .cancelled, !Task.isCancelled else { return }
                failures += 1
                await rest(await outcome(of: error, failures, entry))
            } catch {
                // The log could not take them: Telegram gives them again.
                metrics.failed.add()
                failures += 1
                parts.logger.warning(
                    "updates could not be written down",
                    ["bot": .string(entry.bot.username), "error": .init(describing: error)])
                await rest(backOff(failures))
            }
        }
    }

    /// Fetches once; returns the offset that confirms what came.
    private func fetch(_ entry: BotRegistry.Entry, from offset: Int64?) async throws -> Int64? {
        let updates = try await parts.client.getUpdates(
            offset: offset, limit: 100, timeout: settings.timeout, allowedUpdates: UpdateKind.telegram,
            as: entry.token)
        guard !updates.isEmpty else { return nil }
        var drafts: [EventDraft] = []
        var last: Int64?
        for bytes in updates {
            let root = try JSON.parse(bytes).root
            do throws(UpdateError) {
                let update = try Update(root)
                drafts.append(update.draft(of: id, payload: bytes))
                last = max(last ?? 0, update.id)
            } catch {
                // Not as Telegram sends it, but it must not keep all others from coming in.
                guard let number = root["update_id"]?.int64 else { throw error }
                drafts.append(
                    EventDraft(
                        source: .bot(id), kind: UpdateKind.unknown, key: "bot:\(id):\(number)", payload: bytes
                    ))
                last = max(last ?? 0, number)
            }
        }
        metrics.note(try await parts.log.append(drafts))
        entry.activity.note(parts.clocks.now)
        return last.flatMap { $0 < Int64.max ? $0 + 1 : nil }
    }

    /// What is made of an error, and how long to wait.
    private func outcome(of error: BotAPIError, _ failures: Int, _ entry: BotRegistry.Entry) async -> Duration
    {
        switch error.code {
        case .tooManyRequests:
            let pause = error.retryAfter ?? backOff(failures)
            if failures > 1 || pause >= Self.longPause {
                await states.mark(id, .unreachable, "Telegram wants the bot to pause, and gives no updates")
            }
            return pause
        case .unauthorized, .notFound:
            // The bot may have got a new token while this one was used.
            guard await isStill(entry) else { return settings.backOff.lowerBound }
            await states.mark(
                id, .unauthorized, "Telegram no longer takes the token: \(error.description)",
                as: entry.token)
            // The service ends this poll once it has seen the state.
            return settings.backOff.upperBound
        case .conflict:
            // The webhook may be ours by now, set by another node.
            guard await isStill(entry) else { return settings.backOff.lowerBound }
            await states.mark(id, .conflict, error.description)
            if error.description.contains("webhook"), !error.description.contains("setWebhook") {
                do throws(BotAPIError) { try await parts.client.deleteWebhook(as: entry.token) } catch {
                    return backOff(failures)
                }
                return .zero
            }
            return backOff(max(3, failures))
        default:
            // One lost connection is nothing to tell anybody of.
            if failures > 1 { await states.mark(id, .unreachable, error.description) }
            return backOff(failures)
        }
    }

    /// Whether the bot is polled for yet, with the token that was used.
    private func isStill(_ entry: BotRegistry.Entry) async -> Bool {
        do { try await parts.registry.refresh() } catch {
            parts.logger.warning("bots could not be read", ["error": .init(describing: error)])
        }
        guard let now = parts.registry.entry(id) else { return false }
        return now.bot.mode == .polling && now.bot.isWorking && now.token == entry.token
    }

    private func backOff(_ failures: Int) -> Duration {
        let doubled = settings.backOff.lowerBound * (1 << min(10, max(0, failures - 1)))
        // Not all bots at the same moment.
        return min(doubled, settings.backOff.upperBound) * Double.random(in: 0.75...1)
    }

    private func rest(_ time: Duration) async {
        // Cut short only by the task's end.
        try? await Task.sleep(for: time)
    }
}
