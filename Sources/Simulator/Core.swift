import Base
import Reactor
import Synchronization

/// The state behind its lock, and the work that goes on beside requests.
final class Core: Sendable {
    let settings: Simulator.Settings
    private let state: Mutex<State>
    private let jobs: AsyncStream<Job>
    private let addJob: AsyncStream<Job>.Continuation

    /// Something that runs until it is done.
    typealias Job = @Sendable () async -> Void

    init(_ settings: Simulator.Settings) {
        self.settings = settings
        state = Mutex(State(settings))
        // There is at most one job for each lane of a webhook, and one for each run.
        (jobs, addJob) = AsyncStream.makeStream(of: Job.self, bufferingPolicy: .unbounded)
    }

    /// Reads or changes the state as one; what follows from that is done before this returns.
    func change<R: Sendable>(_ body: (inout State) throws -> R) throws -> R {
        let (result, effects) = state.withLock { state -> (Result<R, any Error>, State.Effects) in
            let result = Result { try body(&state) }
            state.settle()
            defer { state.effects = State.Effects() }
            return (result, state.effects)
        }
        for (poller, outcome) in effects.wakes { poller.end(outcome) }
        for lane in effects.lanes { deliver(lane) }
        return try result.get()
    }

    /// The same for what cannot fail.
    func apply<R: Sendable>(_ body: (inout State) -> R) -> R {
        let (result, effects) = state.withLock { state -> (R, State.Effects) in
            let result = body(&state)
            state.settle()
            defer { state.effects = State.Effects() }
            return (result, state.effects)
        }
        for (poller, outcome) in effects.wakes { poller.end(outcome) }
        for lane in effects.lanes { deliver(lane) }
        return result
    }

    /// Has something done beside the requests, once the simulator runs.
    func run(_ job: @escaping Job) { addJob.yield(job) }

    /// Does what is asked for until it is cancelled.
    func work() async {
        await withDiscardingTaskGroup { group in
            for await job in jobs { group.addTask { await job() } }
            group.cancelAll()
        }
    }

    /// Ends `work` and every wait.
    func stop() {
        addJob.finish()
        let waiting = state.withLock { state in
            state.isStopping = true
            return state.bots.values.compactMap(\.poller)
        }
        for poller in waiting { poller.end(.ended(nil)) }
    }

    /// Starts anew with nothing.
    func reset() {
        let waiting = state.withLock { old in
            let waiting = old.bots.values.compactMap(\.poller)
            let floor = old.bots.values.map(\.nextUpdateID).max() ?? 0
            old = State(settings)
            // The same bots may be made again, and those who read their updates must not take new ones for old.
            old.updateIDFloor = max(floor, old.updateIDFloor)
            return waiting
        }
        for poller in waiting { poller.end(.ended(.unauthorized)) }
    }

    private let delivery = WebhookClient()

    private func deliver(_ lane: State.Effects.Lane) {
        run { [self] in await delivery.drain(lane, self) }
    }

    /// Makes the client for webhooks, once the loops are there.
    func open(on group: EventLoopGroup) throws { try delivery.open(on: group) }

    /// Waits; false when that was cancelled.
    func pause(_ time: Duration) async -> Bool { await delivery.pause(time) }

    func close() async { await delivery.close() }
}
