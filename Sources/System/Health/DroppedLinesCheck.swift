import Base
import Synchronization

/// Whether log lines were lost of late.
final class DroppedLinesCheck: Sendable {
    private static let memory = Duration.seconds(60)

    private struct State {
        var count = 0
        var grew: Moment?
    }

    private let clocks: Clocks
    private let dropped: @Sendable () -> Int
    private let state = Mutex(State())

    init(clocks: Clocks = .system, _ dropped: @escaping @Sendable () -> Int) {
        self.clocks = clocks
        self.dropped = dropped
    }

    func health() -> PartHealth {
        let (now, count) = (clocks.moment, dropped())
        return state.withLock { state in
            if count > state.count { state.grew = now }
            state.count = max(count, state.count)
            guard let grew = state.grew, now - grew < DroppedLinesCheck.memory else { return .ok }
            return .degraded("\(state.count) log lines were dropped", age: now - grew)
        }
    }
}
