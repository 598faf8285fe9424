import Synchronization

/// Tells handlers that wait for something to happen that the server is stopping, so that they end in good order.
public final class DrainSignal: Sendable {
    private struct State {
        var isRaised = false
        var waiters: [Int: CheckedContinuation<Void, Never>] = [:]
        var next = 0
    }

    private let state = Mutex(State())

    /// A signal that is not raised.
    init() {}

    /// Whether the server is stopping.
    public var isRaised: Bool { state.withLock { $0.isRaised } }

    /// Waits until the server stops; ends early when the task is cancelled.
    public func wait() async {
        let id = state.withLock { state in
            state.next += 1
            return state.next
        }
        await withTaskCancellationHandler {
            await withCheckedContinuation { register($0, id) }
        } onCancel: {
            state.withLock { $0.waiters.removeValue(forKey: id) }?.resume()
        }
    }

    /// Wakes everybody who waits, now and later.
    func raise() {
        let waiters = state.withLock { state in
            state.isRaised = true
            defer { state.waiters = [:] }
            return state.waiters
        }
        for waiter in waiters.values { waiter.resume() }
    }

    private func register(_ waiter: CheckedContinuation<Void, Never>, _ id: Int) {
        let mustWait = state.withLock { state in
            // A cancellation that came before found nobody to wake.
            guard !state.isRaised, !Task.isCancelled else { return false }
            state.waiters[id] = waiter
            return true
        }
        if !mustWait { waiter.resume() }
    }
}
