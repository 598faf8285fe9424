import Base
import BotAPI
package import Kernel
package import Reactor

/// Looks after the webhooks of all bots, on one node: that they lead here, and that Telegram can deliver.
package final class WebhookUpkeep: Service {
    package let name = "webhooks of bots"
    private let parts: Bots.Parts
    private let states: BotStates
    private let setter: WebhookSetter
    private let leases: LeaseKeeper
    private let interval: Duration
    private let stopping = StopFlag()

    /// Looks after the webhooks each `interval`.
    package init(_ bots: Bots, _ leases: LeaseKeeper, interval: Duration = .seconds(60)) {
        parts = bots.parts
        states = bots.states
        setter = bots.hooks
        self.leases = leases
        self.interval = interval
    }

    package func start() async throws {}

    @concurrent package func run() async throws {
        guard setter.isPossible else { return }
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "webhooks of bots") { await self.watch() }
            await stopping.wait()
            group.cancelAll()
        }
    }

    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        stopping.set()
        return []
    }

    private func watch() async {
        var last: [Int64: Look] = [:]
        while !Task.isCancelled {
            let due = dueBots(&last)
            // A node whose lease was lost asks for it again.
            if !due.isEmpty, await isOurs() { await look(at: due) }
            // Cut short only by the task's end.
            try? await Task.sleep(for: min(interval, Self.tick))
        }
    }

    /// When a bot was looked at last, and how often since it last was well.
    private struct Look {
        var at: Moment
        var failures: Int
    }

    private static let tick = Duration.seconds(1)

    /// The bots whose turn it is: those in trouble soon again, with growing pauses, the others each `interval`.
    private func dueBots(_ last: inout [Int64: Look]) -> [Bot] {
        let bots = parts.registry.all.filter { $0.mode == .webhook && $0.isWorking }
        let now = parts.clocks.moment
        var next: [Int64: Look] = [:]
        var due: [Bot] = []
        for bot in bots {
            var look = last[bot.id]
            if bot.state == .active { look?.failures = 0 }
            let pause = bot.state == .active ? interval : Self.tick * (1 << min(10, look?.failures ?? 0))
            if let known = look, now - known.at < min(interval, pause) {
                next[bot.id] = known
            } else {
                next[bot.id] = Look(at: now, failures: bot.state == .active ? 0 : (look?.failures ?? 0) + 1)
                due.append(bot)
            }
        }
        last = next
        return due
    }

    private func isOurs() async -> Bool {
        do {
            return try await leases.acquire("bots:webhooks") {} != nil
        } catch {
            return false
        }
    }

    private func look(at bots: [Bot]) async {
        await withTaskGroup(of: Void.self) { group in
            for (index, bot) in bots.enumerated() {
                // A few at a time, so that many bots are no burst.
                if index >= 8 { await group.next() }
                group.addTask { await self.look(at: bot) }
            }
        }
    }

    private func look(at bot: Bot) async {
        guard let token = parts.registry.token(of: bot.id), let url = setter.url(of: bot) else { return }
        do throws(BotAPIError) {
            let info = try await parts.client.getWebhookInfo(as: token)
            let since = info.lastErrorDate.map { parts.clocks.now - $0 }
            let isFresh = since.map { $0 < interval * 2 } ?? false
            await states.report(
                bot.id, pending: info.pendingUpdateCount, error: isFresh ? info.lastErrorMessage : nil)
            if info.url != url {
                parts.logger.warning(
                    "a webhook led elsewhere and is set again",
                    ["bot": .string(bot.username), "host": .string(WebhookSetter.host(of: info.url))])
                await setter.apply(to: bot.id)
            } else if isFresh, info.pendingUpdateCount > 0 {
                // Setting it again makes Telegram try at once, with the address as it is now.
                await states.mark(
                    bot.id, .unreachable,
                    "Telegram cannot deliver: \(info.lastErrorMessage ?? "it does not say why")")
                await repair(bot.id)
            } else if bot.state != .active {
                await states.mark(bot.id, .active)
            }
        } catch {
            await setter.note(error, of: bot.id, token)
        }
    }

    private func repair(_ id: Int64) async {
        guard let entry = parts.registry.entry(id), let url = setter.url(of: entry.bot) else { return }
        do throws(BotAPIError) {
            try await parts.client.setWebhook(
                url, secretToken: entry.webhookSecret, maxConnections: WebhookSetter.connectionsMax,
                allowedUpdates: UpdateKind.telegram, as: entry.token)
        } catch {
            await setter.note(error, of: id, entry.token)
        }
    }
}
