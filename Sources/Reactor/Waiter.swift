import CLinux

/// A task that waits, and the event loop that it waits on, if any.
///
/// `CheckedContinuation.resume` sends every task over the global pool, from where it hops back to its actor. A waiter's
/// task goes to its loop at once, whoever resumes it.
public struct Waiter<Value: Sendable>: Sendable {
    private let continuation: CheckedContinuation<Value, Never>
    private let loop: EventLoop?

    /// A waiter for the task that has just been suspended; to be made by itself, in the closure of `withCheckedContinuation`.
    public init(_ continuation: CheckedContinuation<Value, Never>) {
        self.continuation = continuation
        loop = EventLoop.current
    }

    /// Lets the task go on with a value; once only.
    public func resume(returning value: Value) {
        guard let loop else { return continuation.resume(returning: value) }
        hg_capture_begin()
        continuation.resume(returning: value)
        guard let job = unsafe hg_capture_end() else { return }
        // SAFETY: the runtime handed the job over to be run once; an UnownedJob is that pointer.
        loop.accept(unsafe unsafeBitCast(job, to: UnownedJob.self))
    }
}

extension Waiter<Void> {
    /// Lets the task go on; once only.
    public func resume() { resume(returning: ()) }
}
