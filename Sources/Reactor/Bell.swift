import Synchronization

/// Wakes one task that waits for it, or that comes to wait next; for waits that have an end in any case.
public final class Bell: Sendable {
    private struct State {
        var isRung = false
        var waiter: Waiter<Void>?
    }

    private let state = Mutex(State())

    /// A bell that has not rung.
    public init() {}

    /// Wakes who waits, on whichever thread.
    public func ring() {
        state.withLock { state in
            state.isRung = state.waiter == nil
            return state.waiter.take()
        }?.resume()
    }

    /// Waits until it rings, a span has passed, or the task is cancelled; the caller finds out which.
    ///
    /// On an event loop it takes no task and no other thread.
    public func wait(_ span: Duration, on actor: isolated (any Actor)? = #isolation) async {
        guard actor != nil, let loop = EventLoop.current else {
            return await withTaskGroup { group in
                group.addTask {
                    // Cut short by the ring, which must not become another one.
                    do { try await Task.sleep(for: span) } catch { return }
                    self.ring()
                }
                await park()
                group.cancelAll()
            }
        }
        let timer = LoopTimer(on: loop) { self.ring() }
        timer.set(after: span)
        await park()
        timer.cancel()
    }

    private func park(on actor: isolated (any Actor)? = #isolation) async {
        await withTaskCancellationHandler {
            _ = actor
            await withCheckedContinuation { wait(Waiter($0)) }
        } onCancel: {
            ring()
        }
    }

    private func wait(_ waiter: Waiter<Void>) {
        let goesOn = state.withLock { state in
            defer { state.isRung = false }
            if !state.isRung { state.waiter = waiter }
            return state.isRung
        }
        if goesOn { waiter.resume() }
    }
}
