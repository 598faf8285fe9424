import Synchronization

/// One load that any number of callers wait for.
final class CacheFlight<Value: Sendable>: Sendable {
    private struct State {
        var result: Result<Value, any Error>?
        var waiters: [Int: CheckedContinuation<Result<Value, any Error>, Never>] = [:]
        var next = 0
        /// What it loads is out of date before it is there.
        var isStale = false
    }

    private let state = Mutex(State())

    var isStale: Bool { state.withLock { $0.isStale } }

    func spoil() { state.withLock { $0.isStale = true } }

    /// Waits for the result; a caller that is cancelled goes, the load goes on.
    func wait() async throws -> Value {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        let result = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let result = state.withLock { state -> Result<Value, any Error>? in
                    if let result = state.result { return result }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    state.waiters[id] = continuation
                    return nil
                }
                if let result { continuation.resume(returning: result) }
            }
        } onCancel: {
            let waiter = state.withLock { $0.waiters.removeValue(forKey: id) }
            waiter?.resume(returning: .failure(CancellationError()))
        }
        return try result.get()
    }

    func finish(_ result: Result<Value, any Error>) {
        let waiters = state.withLock { state in
            state.result = result
            defer { state.waiters = [:] }
            return Array(state.waiters.values)
        }
        for waiter in waiters { waiter.resume(returning: result) }
    }
}
