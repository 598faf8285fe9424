package import Base
import BotAPI
package import Kernel
package import Reactor
import Store
import Synchronization

/// Fetches the updates of all bots that have no webhook, each on one node.
///
/// A lease for each bot says which; nodes take even parts, and what a dead node held is taken over once its leases end.
package final class PollerService: Service {
    package let name = "polling of bots"
    private let parts: Bots.Parts
    private let states: BotStates
    private let leases: LeaseKeeper
    private let metrics: IngestMetrics
    private let settings: PollSettings
    private let stopping = StopFlag()
    private let running = Mutex<[Int64: Running]>([:])

    private struct Running {
        let stop: StopFlag
        let lease: Lease
    }

    /// Polls the bots of `bots` that `leases` can get.
    package init(
        _ bots: Bots, _ leases: LeaseKeeper, metrics: Metrics, _ settings: PollSettings = PollSettings()
    ) {
        parts = bots.parts
        states = bots.states
        self.leases = leases
        self.metrics = IngestMetrics(metrics)
        self.settings = settings
        metrics.gauge("telegram_polled_bots", "Bots that this node polls.") {
            Double(self.running.withLock { $0.count })
        }
    }

    package func start() async throws {}

    @concurrent package func run() async throws {
        let (looks, look) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        parts.registry.listen { look.yield() }
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "which bots to poll") {
                await withDiscardingTaskGroup { polls in
                    look.yield()
                    for await _ in looks { await self.share(&polls) }
                    polls.cancelAll()
                }
            }
            group.addTask(name: "looks at leases") {
                while !Task.isCancelled {
                    // Cut short only by the task's end.
                    try? await Task.sleep(for: self.settings.lookInterval)
                    look.yield()
                }
            }
            await stopping.wait()
            look.finish()
            group.cancelAll()
        }
        for entry in running.withLock({ $0.values.map(\.lease) }) { await giveBack(entry) }
    }

    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        stopping.set()
        return []
    }

    // MARK: Sharing

    private func share(_ polls: inout DiscardingTaskGroup) async {
        let bots = parts.registry.all.filter { $0.mode == .polling && $0.isWorking }.map(\.id)
        let held = running.withLock { Set($0.keys) }
        guard !bots.isEmpty || !held.isEmpty else { return }
        do {
            let others = try await othersHold()
            let share = PollShare(
                bots: bots, held: held, heldElsewhere: others.bots, nodes: others.nodes + 1)
            for id in share.given { running.withLock { $0[id]?.stop }?.set() }
            for id in share.taken where !Task.isCancelled { try await begin(id, &polls) }
        } catch {
            parts.logger.warning("bots could not be shared out", ["error": .init(describing: error)])
        }
    }

    /// Takes the bot's lease, if nobody has it, and polls until it is lost or given up.
    private func begin(_ id: Int64, _ polls: inout DiscardingTaskGroup) async throws {
        let stop = StopFlag()
        guard let lease = try await leases.acquire(Self.leaseName(id), lost: { stop.set() }) else { return }
        running.withLock { $0[id] = Running(stop: stop, lease: lease) }
        let poll = BotPoll(id, parts, states, metrics, settings)
        polls.addTask(name: "poll of bot \(id)") {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await poll.run() }
                group.addTask { await stop.wait() }
                await group.next()
                group.cancelAll()
            }
            // A task that is cancelled cannot ask the database: the service gives back what it leaves.
            guard !Task.isCancelled else { return }
            // First, so that nobody here takes it again while it is given back.
            await self.giveBack(lease)
            self.running.withLock { $0[id] = nil }
        }
    }

    private func giveBack(_ lease: Lease) async {
        // A lease that is not given back ends by itself.
        try? await leases.release(lease)
    }

    static func leaseName(_ id: Int64) -> String { "bot:\(id):poll" }

    /// Which bots other nodes poll, and how many such nodes there are; each shows itself by a lease of its own.
    private func othersHold() async throws -> (bots: Set<Int64>, nodes: Int) {
        _ = try await leases.acquire("node:\(leases.holder):poll") {}
        let holder = leases.holder
        let names = try await parts.database.read {
            try await Leases.heldByOthers(than: holder, in: $0)
        }
        var (bots, nodes): (Set<Int64>, Int) = ([], 0)
        for name in names where name.hasSuffix(":poll") {
            if name.hasPrefix("node:") {
                nodes += 1
            } else if name.hasPrefix("bot:"), let id = Int64(name.dropFirst(4).dropLast(5)) {
                bots.insert(id)
            }
        }
        return (bots, nodes)
    }
}

/// How bots are polled.
package struct PollSettings: Sendable {
    /// How long Telegram holds a request until something comes.
    package var timeout = Duration.seconds(50)
    /// How often leases of others are looked at.
    package var lookInterval = Duration.seconds(1)
    /// How long to wait after a failure, at first and at last.
    package var backOff = Duration.seconds(1)...Duration.seconds(30)

    /// The defaults.
    package init() {}
}
