package import Base
package import BotAPI
package import Bus
package import Kernel
package import Reactor
package import Store
import Synchronization

/// All bots with their tokens, in memory: whoever takes in updates or sends asks nobody else.
///
/// The table is the truth: nodes hint each other at changes over the bus, and look at its version each second.
package final class BotRegistry: Service {
    /// A bot with its secrets, and what is known of it on this node.
    final class Entry: Sendable {
        let bot: Bot
        let token: BotToken
        let webhookSecret: Secret
        let activity: Activity

        init(bot: Bot, token: BotToken, webhookSecret: Secret, activity: Activity) {
            self.bot = bot
            self.token = token
            self.webhookSecret = webhookSecret
            self.activity = activity
        }
    }

    /// When updates came in last, until that is written down.
    final class Activity: Sendable {
        private let last = Atomic<Int64>(0)
        private let written = Atomic<Int64>(0)

        func note(_ now: Timestamp) { last.store(now.milliseconds, ordering: .relaxed) }

        /// The time, if it has not been written down yet.
        func take() -> Timestamp? {
            let time = last.load(ordering: .relaxed)
            guard time > written.exchange(time, ordering: .relaxed) else { return nil }
            return Timestamp(milliseconds: time)
        }
    }

    private struct State {
        var version: Int64 = -1
        var entries: [Int64: Entry] = [:]
        var names: [String: Int64] = [:]
        var listeners: [@Sendable () -> Void] = []
    }

    package let name = "bots"
    private let database: any Database
    private let vault: Vault
    private let bus: any Bus
    private let logger: Logger
    private let state = Mutex(State())
    private let stopping = StopFlag()
    private static let channel = Channel("bots")

    /// The bots of a database.
    package init(_ database: any Database, _ vault: Vault, _ bus: any Bus, logger: Logger) {
        self.database = database
        self.vault = vault
        self.bus = bus
        self.logger = logger
    }

    /// The bot with Telegram's number for it.
    package func bot(_ id: Int64) -> Bot? { entry(id)?.bot }

    /// The token of a bot, for calls to Telegram and nothing else.
    package func token(of id: Int64) -> BotToken? { entry(id)?.token }

    /// Every bot, in the order of their numbers.
    package var all: [Bot] { state.withLock { $0.entries.values.map(\.bot) }.sorted { $0.id < $1.id } }

    /// What the operator should know of the bots that do not work; nil where all do.
    package var trouble: String? { BotStates.trouble(of: all) }

    func entry(_ id: Int64) -> Entry? { state.withLock { $0.entries[id] } }

    func entry(named username: String) -> Entry? {
        let name = username.lowercased()
        return state.withLock { state in state.names[name].flatMap { state.entries[$0] } }
    }

    /// Calls back whenever bots have changed.
    func listen(_ listener: @escaping @Sendable () -> Void) {
        state.withLock { $0.listeners.append(listener) }
    }

    /// Reads the bots anew where something has changed.
    package func refresh() async throws {
        let known = state.withLock { $0.version }
        let read = try await database.read { transaction -> (Int64, [BotStore.Record])? in
            let version = try await BotStore.version(in: transaction)
            guard version != known else { return nil }
            return (version, try await BotStore.all(in: transaction))
        }
        guard let (version, records) = read else { return }
        let old = state.withLock { $0.entries }
        var entries: [Int64: Entry] = [:]
        for record in records {
            guard let entry = open(record, old[record.bot.id]?.activity ?? Activity()) else { continue }
            entries[record.bot.id] = entry
        }
        let names = Dictionary(entries.values.map { ($0.bot.username.lowercased(), $0.bot.id) }) { first, _ in
            first
        }
        let fresh = entries
        let listeners = state.withLock { state -> [@Sendable () -> Void] in
            // Of two that read at once the later one counts.
            guard version > state.version else { return [] }
            (state.version, state.entries, state.names) = (version, fresh, names)
            return state.listeners
        }
        for listener in listeners { listener() }
    }

    /// Reads anew, and tells the other nodes to.
    func changed() async throws {
        try await refresh()
        bus.publish([], to: Self.channel)
    }

    private func open(_ record: BotStore.Record, _ activity: Activity) -> Entry? {
        let row = "\(record.bot.id)"
        do {
            let token = try vault.open(record.sealedToken, for: BotStore.tokenColumn.place(row))
            let secret = try vault.open(record.sealedSecret, for: BotStore.secretColumn.place(row))
            guard let token = BotToken(token) else { throw VaultError(.notAuthentic, "no token") }
            return Entry(bot: record.bot, token: token, webhookSecret: Secret(secret), activity: activity)
        } catch {
            logger.error(
                "the token of a bot cannot be opened",
                ["bot": .string(record.bot.username), "error": .init(describing: error)])
            return nil
        }
    }

    // MARK: Service

    package func start() async throws { try await refresh() }

    @concurrent package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "hints at bots") {
                for await _ in await self.bus.subscribe(to: Self.channel) { await self.look() }
            }
            group.addTask(name: "looks at bots") {
                while !Task.isCancelled {
                    // Cut short only by the task's end.
                    try? await Task.sleep(for: .seconds(1))
                    await self.look()
                }
            }
            group.addTask(name: "last updates of bots") {
                while !Task.isCancelled {
                    // Cut short only by the task's end.
                    try? await Task.sleep(for: .seconds(5))
                    await self.noteUpdates()
                }
            }
            await stopping.wait()
            group.cancelAll()
        }
        await noteUpdates()
    }

    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        stopping.set()
        return []
    }

    private func look() async {
        do { try await refresh() } catch is CancellationError {} catch {
            logger.warning("bots could not be read", ["error": .init(describing: error)])
        }
    }

    private func noteUpdates() async {
        var times: [Int64: Timestamp] = [:]
        for (id, entry) in state.withLock({ $0.entries }) { times[id] = entry.activity.take() }
        guard !times.isEmpty else { return }
        do {
            let taken = times
            try await database.write { try await BotStore.noteUpdates(taken, in: $0) }
        } catch {
            logger.warning("the time of last updates was not noted", ["error": .init(describing: error)])
        }
    }
}
