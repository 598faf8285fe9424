package import Base
import Synchronization

/// Whether the bus does what it is for.
package enum BusState: Sendable, Equatable {
    /// All of it is within reach.
    case connected
    /// Some of it is out of reach; the reason is for people.
    case degraded(since: Timestamp, reason: String)

    /// Whether all of the bus is within reach.
    package var isConnected: Bool { self == .connected }
}

/// The state of a bus, and who watches it.
package final class BusStateBoard: Sendable {
    fileprivate struct State {
        var current: BusState
        var next = 0
        var watchers: [Int: AsyncStream<BusState>.Continuation] = [:]
    }

    private let state: Mutex<State>
    private let clocks: Clocks

    /// A board that shows this state.
    package init(_ initial: BusState, clocks: Clocks = .system) {
        state = Mutex(State(current: initial))
        self.clocks = clocks
    }

    /// What it shows now.
    package var current: BusState { state.withLock { $0.current } }

    /// The state of now and of every change; whoever is slow sees the last only.
    package func watch() -> AsyncStream<BusState> {
        let (stream, continuation) = AsyncStream.makeStream(
            of: BusState.self, bufferingPolicy: .bufferingNewest(1))
        let id = state.withLock { state in
            state.next += 1
            state.watchers[state.next] = continuation
            continuation.yield(state.current)
            return state.next
        }
        continuation.onTermination = { [weak self] _ in
            _ = self?.state.withLock { $0.watchers.removeValue(forKey: id) }
        }
        return stream
    }

    /// Shows that all is well again; says whether that is news.
    @discardableResult
    package func connect() -> Bool {
        state.withLock { state in
            guard state.current != .connected else { return false }
            state.show(.connected)
            return true
        }
    }

    /// Shows what is wrong; says whether all was well before.
    ///
    /// The time stays that of the first fault.
    @discardableResult
    package func degrade(_ reason: String) -> Bool {
        state.withLock { state in
            switch state.current {
            case .connected:
                state.show(.degraded(since: clocks.now, reason: reason))
                return true
            case .degraded(_, reason): return false
            case .degraded(let since, _):
                state.show(.degraded(since: since, reason: reason))
                return false
            }
        }
    }
}

extension BusStateBoard.State {
    /// Under the lock, so that all watchers see the same order.
    fileprivate mutating func show(_ new: BusState) {
        current = new
        for watcher in watchers.values { watcher.yield(new) }
    }
}
