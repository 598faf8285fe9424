import Store
import Synchronization

/// Whether the database can be used, as far as the last commit showed.
final class Condition: Sendable {
    private let state = Mutex(DatabaseState.ready)

    var value: DatabaseState { state.withLock { $0 } }

    func noteSuccess() {
        state.withLock { if $0 != .closed { $0 = .ready } }
    }

    /// A failure that is not the caller's.
    func note(_ error: StoreError) {
        switch error.code {
        case .unavailable, .outcomeUnknown, .full, .timeout, .corrupt, .other:
            state.withLock { if $0 != .closed { $0 = .unavailable(reason: error.description) } }
        case .notUnique, .constraint, .overloaded, .newer, .misuse, .closed: break
        }
    }

    func close() { state.withLock { $0 = .closed } }
}

extension StoreError {
    static let closed = StoreError(.closed, "the database has been closed")

    static func overloaded(_ max: Int) -> StoreError {
        StoreError(.overloaded, "\(max) callers wait already")
    }
}
