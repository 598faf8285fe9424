import Base
package import BotAPI
import Kernel
import Store
import Synchronization
import Wire

/// Writes down whether bots work, and tells whoever reads the log.
package struct BotStates: Sendable {
    private let parts: Bots.Parts

    init(_ parts: Bots.Parts) { self.parts = parts }

    /// A bot's state became another, or has another reason; nothing happens where it is known already.
    ///
    /// What says something of a `token` counts only as long as it is the bot's.
    package func mark(
        _ id: Int64, _ state: Bot.State, _ reason: String? = nil, as token: BotToken? = nil
    ) async {
        guard let known = parts.registry.bot(id), known.state != state || known.reason != reason else {
            return
        }
        let now = parts.clocks.now
        do {
            let changed = try await parts.database.write { transaction -> Bool in
                guard let record = try await BotStore.locked(id, in: transaction) else { return false }
                var bot = record.bot
                guard bot.state != state || bot.reason != reason else { return false }
                if let token {
                    let place = BotStore.tokenColumn.place("\(id)")
                    // It may have got a new one while this one was used.
                    guard BotToken(try parts.vault.open(record.sealedToken, for: place)) == token else {
                        return false
                    }
                }
                if bot.state != state { bot.stateAt = now }
                (bot.state, bot.reason) = (state, reason)
                try await BotStore.update(bot, in: transaction)
                if let reason {
                    try await BotStore.report(
                        id, pending: bot.pending, error: reason, at: now, in: transaction)
                }
                return true
            }
            guard changed else { return }
            try await parts.registry.changed()
            if known.state != state { try await tell(known, state, reason) }
        } catch {
            parts.logger.warning(
                "the state of a bot was not noted",
                ["bot": .string(known.username), "error": .init(describing: error)])
        }
    }

    /// Something went wrong that does not keep the bot from working.
    func report(_ id: Int64, pending: Int?, error: String?) async {
        let now = parts.clocks.now
        do {
            try await parts.database.write {
                try await BotStore.report(id, pending: pending, error: error, at: now, in: $0)
            }
        } catch {
            parts.logger.warning(
                "what Telegram reports of a bot was not noted",
                ["bot": .string("\(id)"), "error": .init(describing: error)])
        }
    }

    private func tell(_ bot: Bot, _ state: Bot.State, _ reason: String?) async throws {
        parts.logger.log(
            state == .active ? .info : .warning, "a bot's state has changed",
            [
                "bot": .string(bot.username), "from": .string(bot.state.rawValue),
                "to": .string(state.rawValue), "reason": .string(reason ?? ""),
            ])
        var writer = JSONWriter()
        writer.object {
            $0.key("bot")
            $0.object {
                $0.field("id", "\(bot.id)")
                $0.field("username", bot.username)
                $0.field("state", state.rawValue)
                $0.field("reason", reason)
            }
        }
        let event = EventDraft(
            source: bot.source, kind: "bot.state", occurredAt: parts.clocks.now, payload: writer.finish())
        _ = try await parts.log.append([event])
    }
}

extension BotStates {
    /// What the operator should know of the bots that do not work.
    static func trouble(of bots: [Bot]) -> String? {
        let troubled = bots.filter { !$0.isPaused && $0.state != .active }
        guard let first = troubled.first else { return nil }
        let words = "@\(first.username): \(first.reason ?? first.state.rawValue)"
        return troubled.count == 1 ? words : "\(words); and \(troubled.count - 1) more bots"
    }
}
