import Store
import Synchronization

/// Whether the database can be used, as far as the last commit showed, and whether its write-ahead log can be moved.
final class Condition: Sendable {
    private struct State {
        var last = DatabaseState.ready
        /// How often in a row the log could not be moved into the file, and why.
        var stuck: (count: Int, reason: String) = (0, "")
    }

    /// A log that could not be moved once is moved the next time, as a rule; one that never is fills the disk.
    static let stuckMax = 3

    private let state = Mutex(State())

    var value: DatabaseState {
        state.withLock { state in
            guard state.last == .ready, state.stuck.count >= Self.stuckMax else { return state.last }
            return .degraded(
                reason: "the write-ahead log cannot be moved into the file, and grows: \(state.stuck.reason)")
        }
    }

    func noteSuccess() {
        state.withLock { if $0.last != .closed { $0.last = .ready } }
    }

    /// A failure that is not the caller's.
    func note(_ error: StoreError) {
        switch error.code {
        case .unavailable, .outcomeUnknown, .full, .timeout, .corrupt, .other:
            state.withLock { if $0.last != .closed { $0.last = .unavailable(reason: error.description) } }
        case .notUnique, .constraint, .overloaded, .newer, .misuse, .closed: break
        }
    }

    /// The log was moved into the file, or could not be.
    func noteMoved(_ error: StoreError? = nil) {
        state.withLock { state in
            state.stuck = error.map { (state.stuck.count + 1, $0.description) } ?? (0, "")
        }
    }

    func close() { state.withLock { $0.last = .closed } }
}

extension StoreError {
    static let closed = StoreError(.closed, "the database has been closed")

    static func overloaded(_ max: Int) -> StoreError {
        StoreError(.overloaded, "\(max) callers wait already")
    }
}
