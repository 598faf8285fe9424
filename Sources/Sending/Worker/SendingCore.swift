import Base
import BotAPI
import Bus
import Kernel

/// What the parts of the room share.
struct SendingCore: Sendable {
    let parts: Sends.Parts
    let store: SendStore
    let events: SendEvents
    let waiters = SendWaiters()
    let metrics: SendMetrics

    static let channel = Channel("sends")

    init(_ parts: Sends.Parts) {
        self.parts = parts
        store = SendStore(database: parts.database, clocks: parts.clocks)
        events = SendEvents(parts.log, store, parts.logger)
        metrics = SendMetrics(parts.metrics)
    }

    /// A send changed: the log is to know it, and whoever waits.
    func changed(_ send: Send) {
        events.note([send])
        metrics.count(send.state)
        guard send.state.isFinal else { return }
        waiters.tell(send)
        parts.bus.publish(Array("done:\(send.id)".utf8), to: Self.channel)
    }

    /// Telegram takes a bot's token no longer, unless it is another's by now.
    func refused(_ token: BotToken, of bot: Int64, _ reason: String) async {
        guard parts.token(bot) == token else { return }
        await parts.unauthorized(bot, token, reason)
    }

    /// Other nodes are to look what waits for a bot.
    func hint(_ bot: Int64) { parts.bus.publish(Array("work:\(bot)".utf8), to: Self.channel) }
}

/// Counts what becomes of sends.
struct SendMetrics: Sendable {
    private let states: [Send.State: Counter]

    init(_ metrics: Metrics) {
        let family = metrics.counters(
            "sends_total", "Sends, by the state that they reached.", labels: ["state"])
        states = Dictionary(
            uniqueKeysWithValues: Send.State.allCases.map { ($0, family.labelled($0.rawValue)) })
    }

    func count(_ state: Send.State) { states[state]?.add() }
}
