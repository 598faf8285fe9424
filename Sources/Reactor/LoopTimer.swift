// SAFETY: touched on its loop only, which the loop asserts.
/// One deadline on a loop that can be set, moved and cancelled.
public final class LoopTimer: @unchecked Sendable {
    private let loop: EventLoop
    private let action: () -> Void
    private var armed: TimerHeap.ID?

    /// A timer that is not set yet.
    ///
    /// The action runs on the loop.
    public init(on loop: EventLoop, _ action: @escaping () -> Void) {
        self.loop = loop
        self.action = action
    }

    /// Sets or moves the deadline.
    public func set(at deadline: MonotonicNanoseconds) {
        cancel()
        armed = loop.schedule(at: deadline) { [self] in
            armed = nil
            action()
        }
    }

    /// Sets or moves the deadline to `delay` from now.
    public func set(after delay: Duration) { set(at: EventLoop.clock() &+ delay.nanoseconds) }

    /// Forgets the deadline.
    public func cancel() {
        if let armed { loop.cancel(armed) }
        armed = nil
    }
}

extension EventLoop {
    /// Waits by this loop's clock; ends early when the task is cancelled.
    public func sleep(for delay: Duration) async throws(CancellationError) {
        await Sleeper(on: self).sleep(for: delay)
        if Task.isCancelled { throw CancellationError() }
    }
}

/// A sleep that a cancellation from another thread can end.
private actor Sleeper {
    private let loop: EventLoop
    private var waiter: CheckedContinuation<Void, Never>?
    private var timer: LoopTimer?
    private var cancelled = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    init(on loop: EventLoop) { self.loop = loop }

    /// The handler's operation stays on the loop only because this is the actor's own: from a function that merely
    /// runs where its caller does it would move to the global pool.
    func sleep(for delay: Duration) async {
        await withTaskCancellationHandler {
            await withCheckedContinuation { start(after: delay, $0) }
        } onCancel: {
            cancel()
        }
    }

    private func start(after delay: Duration, _ continuation: CheckedContinuation<Void, Never>) {
        guard !cancelled else { return continuation.resume() }
        waiter = continuation
        timer = LoopTimer(on: loop) { self.assumeIsolated { $0.wake() } }
        timer?.set(after: delay)
    }

    nonisolated func cancel() {
        // The handler may run on any thread; the loop orders it behind whatever it is doing.
        loop.execute {
            self.assumeIsolated {
                $0.cancelled = true; $0.wake()
            }
        }
    }

    private func wake() {
        timer?.cancel()
        timer = nil
        guard let continuation = waiter else { return }
        waiter = nil
        loop.resume(continuation)
    }
}
