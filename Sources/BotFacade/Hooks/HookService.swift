import Base
import Bots
import HTTPClient
import Identity
package import Kernel
package import Reactor
import Synchronization

/// Runs the deliveries of all programs that asked for them, each on one node.
package final class HookService: Service {
    package let name = "deliveries of the Bot API endpoint"
    private let facade: BotFacade
    private let leases: LeaseKeeper
    private let clients: HTTPClientGroup
    private let loops: EventLoopGroup
    private let running = Mutex<[String: Running]>([:])
    private let (looks, look) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))

    private struct Running {
        /// Which of the program's wishes this fulfils.
        let revision: Int64
        let lease: Lease
        let progress: HookProgress
        let stop: AsyncStream<Void>.Continuation
    }

    /// How long a program rests that may have nothing now, such as that of a bot which is gone.
    private static let idle = Duration.seconds(2)
    /// How often the programs of keys that are good no more are forgotten.
    private static let sweepInterval = Duration.seconds(3600)

    /// Runs what `facade` takes down.
    package init(_ facade: BotFacade, _ leases: LeaseKeeper, on loops: EventLoopGroup) throws {
        self.facade = facade
        self.leases = leases
        self.loops = loops
        clients = try HTTPClientGroup(on: loops)
    }

    package func start() async throws { facade.listen { [look] in look.yield() } }

    @concurrent package func run() async throws {
        await withTaskGroup(of: Void.self) { group in
            group.addTask(name: "looks at programs") {
                while !Task.isCancelled {
                    self.look.yield()
                    // Cut short only by the task's end.
                    try? await Task.sleep(for: .seconds(2))
                }
            }
            group.addTask(name: "programs of old keys") {
                while !Task.isCancelled {
                    await self.sweep()
                    // Cut short only by the task's end.
                    try? await Task.sleep(for: Self.sweepInterval)
                }
            }
            group.addTask(name: "polls on other nodes") { await self.facade.polls.listen() }
            await withDiscardingTaskGroup { deliveries in
                for await _ in looks { await share(&deliveries) }
                deliveries.cancelAll()
            }
            group.cancelAll()
        }
        for (lease, progress) in running.withLock({ $0.values.map { ($0.lease, $0.progress) } }) {
            await giveBack(lease, progress)
        }
    }

    private func sweep() async {
        do {
            // Where another node has it, that one sweeps.
            guard let lease = try await leases.acquire("bot-api:sweep", lost: {}) else { return }
            do { try await facade.sweep.run() } catch {
                // A lease that is not given back ends by itself.
                try? await leases.release(lease)
                throw error
            }
            try await leases.release(lease)
        } catch is CancellationError {
            return
        } catch {
            facade.logger.warning(
                "programs of old keys could not be forgotten", ["error": .init(describing: error)])
        }
    }

    private func giveBack(_ lease: Lease, _ progress: HookProgress) async {
        do { try await progress.store() } catch {
            // What came to a program since it was last stored comes again.
            facade.logger.warning("a delivery was not noted", ["error": .init(describing: error)])
        }
        // A lease that is not given back ends by itself.
        try? await leases.release(lease)
    }

    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        look.finish()
        await clients.shutdown()
        return []
    }

    private func share(_ deliveries: inout DiscardingTaskGroup) async {
        do {
            let hooks = try await facade.programs.hooks()
            let wanted = Dictionary(hooks.map { ($0.id, $0) }) { first, _ in first }
            let ended = running.withLock { running in
                running.filter { id, entry in
                    wanted[id]?.revision != entry.revision
                }
            }
            for entry in ended.values { entry.stop.finish() }
            for hook in hooks where running.withLock({ $0[hook.id] == nil }) {
                try await begin(hook, &deliveries)
            }
        } catch {
            facade.logger.warning("deliveries could not be shared out", ["error": .init(describing: error)])
        }
    }

    private func begin(_ hook: Program, _ deliveries: inout DiscardingTaskGroup) async throws {
        let (stops, stop) = AsyncStream.makeStream(of: Void.self, bufferingPolicy: .bufferingNewest(1))
        guard let lease = try await leases.acquire("hook:\(hook.id)", lost: { stop.finish() }) else { return }
        let progress = HookProgress(facade.programs, hook)
        running.withLock {
            $0[hook.id] = Running(revision: hook.revision, lease: lease, progress: progress, stop: stop)
        }
        deliveries.addTask(name: "deliveries") {
            await withTaskGroup(of: Void.self) { group in
                group.addTask { await self.deliver(hook, progress) }
                group.addTask { for await _ in stops {} }
                await group.next()
                group.cancelAll()
            }
            // A task that is cancelled cannot ask the database: the service gives back what it leaves.
            guard !Task.isCancelled else { return }
            // First, so that nobody here takes it again while it is given back.
            await self.giveBack(lease, progress)
            self.running.withLock { $0[hook.id] = nil }
            // Another address may wait to be used.
            self.look.yield()
        }
    }

    private func deliver(_ hook: Program, _ progress: HookProgress) async {
        let loop = loops.loops[abs(hook.id.hashValue % loops.loops.count)]
        while !Task.isCancelled {
            do {
                guard let runner = try await facade.runner(of: hook, clients.client(on: loop), progress)
                else {
                    return try await Task.sleep(for: Self.idle)
                }
                return try await runner.run()
            } catch is CancellationError {
                return
            } catch {
                facade.logger.warning("a delivery was broken off", ["error": .init(describing: error)])
                // Cut short only by the task's end.
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }
}
