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
        guard let (loop, job) = job(returning: value) else { return }
        loop.accept(CollectionOfOne(job))
    }

    /// Lets many tasks go on, each with its value: a loop is woken once for all of its own.
    public static func resume(_ waiters: some Sequence<(Self, Value)>) {
        var jobs: [(loop: EventLoop, jobs: [UnownedJob])] = []
        for (waiter, value) in waiters {
            guard let (loop, job) = waiter.job(returning: value) else { continue }
            if let place = jobs.firstIndex(where: { $0.loop === loop }) {
                jobs[place].jobs.append(job)
            } else {
                jobs.append((loop, [job]))
            }
        }
        for (loop, jobs) in jobs { loop.accept(jobs) }
    }

    /// The task's next step, for the loop to run; nil where it has taken its usual way.
    private func job(returning value: Value) -> (EventLoop, UnownedJob)? {
        guard let loop else {
            continuation.resume(returning: value)
            return nil
        }
        hg_capture_begin()
        continuation.resume(returning: value)
        guard let job = unsafe hg_capture_end() else { return nil }
        // SAFETY: the runtime handed the job over to be run once; an UnownedJob is that pointer.
        return (loop, unsafe unsafeBitCast(job, to: UnownedJob.self))
    }
}

extension Waiter<Void> {
    /// Lets the task go on; once only.
    public func resume() { resume(returning: ()) }
}
