import Base
import Bus
import Kernel
import Reactor
import Synchronization

/// Runs the senders of the bots whose leases this node holds; each bot sends on one node.
final class SendingService: Service {
    let name = "sending"
    private let core: SendingCore
    private let state = Mutex(State())
    private let wants: AsyncStream<Int64>
    private let want: AsyncStream<Int64>.Continuation

    private struct State {
        var senders: [Int64: BotSender] = [:]
        /// Bots that another node had a moment ago.
        var elsewhere: [Int64: Moment] = [:]
        var isStopped = false
    }

    /// What a new owner must know of the past, for the slowest of the limits.
    private static let memory = Duration.seconds(61)

    init(_ core: SendingCore) {
        self.core = core
        (wants, want) = AsyncStream.makeStream(of: Int64.self, bufferingPolicy: .bufferingNewest(10_000))
    }

    /// The sender of a bot, where it is this node's.
    func sender(_ bot: Int64) -> BotSender? { state.withLock { $0.senders[bot] } }

    /// How many sends wait here.
    var waiting: Int { state.withLock { Array($0.senders.values) }.reduce(0) { $0 + $1.budget.waiting } }

    /// What keeps sends from going, in words; nil where nothing does.
    var trouble: String? {
        let troubles = state.withLock { Array($0.senders.values) }.compactMap(\.trouble)
        guard !troubles.isEmpty else { return nil }
        let counts = Dictionary(grouping: troubles, by: \.self).mapValues(\.count)
        return counts.sorted { $0.key < $1.key }.map { "\($0.key) for the sends of \($0.value) bots" }
            .joined(separator: "; ")
    }

    /// Something waits for a bot: it is sent here, or where the bot's lease is.
    func look(_ bot: Int64) {
        if let sender = sender(bot) { return sender.look() }
        let now = core.parts.clocks.moment
        if state.withLock({ ($0.elsewhere[bot] ?? now) > now }) { return core.hint(bot) }
        want.yield(bot)
    }

    // MARK: Service

    func start() async throws {}

    @concurrent func run() async throws {
        await withDiscardingTaskGroup { group in
            group.addTask(name: "hints about sends") { await self.listen() }
            group.addTask(name: "looks for sends") { await self.keepLooking() }
            for await bot in wants { await claim(bot, &group) }
        }
    }

    func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        want.finish()
        let senders = state.withLock { state in
            state.isStopped = true
            return Array(state.senders.values)
        }
        for sender in senders { sender.stop() }
        while EventLoop.clock() < deadline, state.withLock({ !$0.senders.isEmpty }) {
            // Cut short only by the task's end.
            try? await Task.sleep(for: .milliseconds(2))
        }
        return state.withLock { $0.senders.keys.sorted() }.map { "sends of bot \($0)" }
    }

    // MARK: Leases

    private func claim(_ bot: Int64, _ group: inout DiscardingTaskGroup) async {
        let leases = core.parts.leases
        do {
            let isFree = state.withLock { $0.senders[bot] == nil && !$0.isStopped }
            guard isFree else { return sender(bot)?.look() ?? () }
            guard
                let lease = try await leases.acquire(Self.lease(of: bot), lost: { self.sender(bot)?.stop() })
            else {
                state.withLock { $0.elsewhere[bot] = core.parts.clocks.moment + .seconds(1) }
                return core.hint(bot)
            }
            do {
                let sender = try await takeOver(bot, lease)
                let isStopped = state.withLock { state in
                    if !state.isStopped { state.senders[bot] = sender }
                    return state.isStopped
                }
                guard !isStopped else { return await giveBack(lease) }
                group.addTask(name: "sends of bot \(bot)") {
                    await sender.run()
                    self.state.withLock { $0.senders[bot] = nil }
                    await self.giveBack(lease)
                }
            } catch {
                await giveBack(lease)
                throw error
            }
        } catch {
            core.parts.logger.warning(
                "a bot's sends could not be taken over",
                ["bot": .init(Int(bot)), "error": .init(describing: error)])
        }
    }

    /// A sender that goes on where the last owner stopped.
    private func takeOver(_ bot: Int64, _ lease: Lease) async throws -> BotSender {
        let (clocks, now) = (core.parts.clocks, core.parts.clocks.now)
        let past = try await core.store.inheritance(of: bot, since: now - Self.memory)
        // What its last owner did not get into the log comes before what this one does.
        try await core.events.makeUp(of: bot, olderThan: .zero)
        for send in try await core.store.settle(past.stranded, under: lease) {
            core.events.note([send.beginning])
            core.changed(send)
        }
        var governor = Governor(core.parts.settings.limits)
        let moment = clocks.moment
        for sent in past.recent {
            governor.note(chat: sent.chat, messageCount: sent.messageCount, at: moment + (sent.at - now))
        }
        for pause in past.pauses where pause.until > now {
            if let chat = pause.chat {
                governor.silence(chat: chat, until: moment + (pause.until - now))
            } else {
                governor.silence(until: moment + (pause.until - now))
            }
        }
        return BotSender(bot, lease, core, governor)
    }

    private func giveBack(_ lease: Lease) async {
        // A lease that is not given back ends by itself.
        try? await core.parts.leases.release(lease)
    }

    private static func lease(of bot: Int64) -> String { "bot:\(bot):send" }

    // MARK: What is to be done

    private func listen() async {
        let subscription = await core.parts.bus.subscribe(to: SendingCore.channel)
        for await event in subscription {
            switch event {
            case .gap: for sender in state.withLock({ Array($0.senders.values) }) { sender.look() }
            case .message(_, let bytes): await heard(bytes.repairedText)
            }
        }
    }

    private func heard(_ message: String) async {
        let parts = message.split(separator: ":")
        guard parts.count == 2, let number = Int64(parts[1]) else { return }
        switch parts[0] {
        case "work": sender(number)?.look()
        case "done" where core.waiters.isAwaited(number):
            // Whoever waits looks for itself after a while.
            if let send = try? await core.store.send(number), send.state.isFinal { core.waiters.tell(send) }
        default: break
        }
    }

    private func keepLooking() async {
        var round = 0
        while !Task.isCancelled, state.withLock({ !$0.isStopped }) {
            do {
                for bot in try await core.store.waitingBots() { look(bot) }
                if round % 10 == 0 { try await core.events.makeUp() }
                if round % 3600 == 3599 {
                    while try await core.store.purge(olderThan: core.parts.settings.keptFor, limit: 1000)
                        == 1000
                    {}
                }
            } catch {
                core.parts.logger.warning(
                    "sends could not be looked for", ["error": .init(describing: error)])
            }
            round += 1
            // Cut short only by the task's end.
            try? await Task.sleep(for: core.parts.settings.lookInterval)
        }
    }
}
