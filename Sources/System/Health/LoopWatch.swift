package import Base
package import Reactor
import Synchronization

/// Watches how late the event loops run: a loop that a handler holds up answers nobody else.
package final class LoopWatch: Service {
    private let lagMax: Duration
    private let pulses: [LoopPulse]

    /// A watch that begins with `start`: later than `lagMax` is not well, and is remembered for `memory`, so that
    /// whoever asks from time to time hears of it.
    package init(
        _ group: EventLoopGroup, interval: Duration = .milliseconds(250),
        lagMax: Duration = .milliseconds(250), memory: Duration = .seconds(10)
    ) {
        self.lagMax = lagMax
        pulses = group.loops.map { LoopPulse($0, interval, memory) }
    }

    package var name: String { "loop watch" }

    package func start() async throws {
        for pulse in pulses { await pulse.loop.run { pulse.start() } }
    }

    package func stop(by deadline: MonotonicNanoseconds) async -> [String] {
        for pulse in pulses { await pulse.loop.run { pulse.stop() } }
        return []
    }

    /// How the loops are, by the worst of them.
    package func health() -> PartHealth {
        let now = EventLoop.clock()
        var health = PartHealth.ok
        for pulse in pulses {
            let reading = pulse.reading(at: now)
            health.age = max(health.age, reading.age)
            guard reading.lag > lagMax else { continue }
            let milliseconds = reading.lag.nanosecondsClamped / 1_000_000
            health.status = .degraded
            health.reason = "loop \(pulse.loop.index) was held up for \(milliseconds) ms"
        }
        return health
    }

    /// The lag of each loop, for the registry.
    package func addMetrics(to metrics: Metrics) {
        let pulses = pulses
        metrics.observe {
            let now = EventLoop.clock()
            let series = pulses.map { pulse in
                let lag = Double(pulse.reading(at: now).lag.nanosecondsClamped) / 1e9
                return MetricSnapshot.Series(["\(pulse.loop.index)"], .real(lag))
            }
            return [
                MetricSnapshot(
                    "heliograph_loop_lag_seconds",
                    "The longest that a loop was late in the last ten seconds.", .gauge,
                    labels: ["loop"], series: series)
            ]
        }
    }
}

/// One loop's heartbeat.
private final class LoopPulse: Sendable {
    let loop: EventLoop
    private let interval: Duration
    private let memory: Duration

    private struct State {
        var timer: LoopTimer?
        var beaten: MonotonicNanoseconds = 0
        var due = MonotonicNanoseconds.max
        var worst: MonotonicNanoseconds = 0
        var worstSeen: MonotonicNanoseconds = 0
    }

    private let state = Mutex(State())

    init(_ loop: EventLoop, _ interval: Duration, _ memory: Duration) {
        self.loop = loop
        self.interval = interval
        self.memory = memory
    }

    /// Begins to beat; on the loop, as are `stop` and `beat`.
    func start() {
        let timer = LoopTimer(on: loop) { [weak self] in self?.beat() }
        state.withLock { $0.timer = timer }
        beat()
    }

    func stop() {
        let timer = state.withLock { state in
            defer { state = State() }
            return state.timer
        }
        timer?.cancel()
    }

    /// The longest lag of late, and how long ago the loop last beat.
    func reading(at now: MonotonicNanoseconds) -> (lag: Duration, age: Duration) {
        state.withLock { state in
            guard state.beaten > 0 else { return (.zero, .zero) }
            // A loop that hangs right now has not noticed it yet.
            let present = now > state.due ? now - state.due : 0
            let isRecent = now &- state.worstSeen < memory.nanoseconds
            let lag = max(present, isRecent ? state.worst : 0)
            let age = now > state.beaten ? now - state.beaten : 0
            return (.nanoseconds(Int64(clamping: lag)), .nanoseconds(Int64(clamping: age)))
        }
    }

    private func beat() {
        let now = EventLoop.clock()
        let due = now &+ interval.nanoseconds
        let timer = state.withLock { state in
            let lag = now > state.due ? now - state.due : 0
            if lag >= state.worst || now &- state.worstSeen >= memory.nanoseconds {
                state.worst = lag
                state.worstSeen = now
            }
            state.beaten = now
            state.due = due
            return state.timer
        }
        timer?.set(at: due)
    }
}
