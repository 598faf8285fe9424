import CLinux

/// A task that waits, and the event loop that it waits on, if any.
///
/// `CheckedContinuation.resume` sends every task over the global pool, from where it hops back to its actor. A waiter's
/// task goes to its loop at once, whoever resumes it.
public struct Waiter<Value: Sendable>: Sendable {
    @usableFromInline let continuation: CheckedContinuation<Value, Never>
    @usableFromInline let loop: EventLoop?

    /// A waiter for the task that has just been suspended; to be made by itself, in the closure of `withCheckedContinuation`.
    public init(_ continuation: CheckedContinuation<Value, Never>) {
        self.continuation = continuation
        loop = EventLoop.current
    }

    /// Lets the task go on with a value; once only.
    @inlinable public func resume(returning value: Value) {
        guard let loop else { return continuation.resume(returning: value) }
        if let job = Resumption.capture({ continuation.resume(returning: value) }) { loop.accept(job) }
    }

    /// Lets many tasks go on, each with its value: a loop is woken once for all of its own.
    @inlinable public static func resume(_ waiters: [Self], returning values: [Value]) {
        var resumption = Resumption()
        for (waiter, value) in zip(waiters, values) {
            guard let loop = waiter.loop else {
                waiter.continuation.resume(returning: value)
                continue
            }
            resumption.add(loop) { waiter.continuation.resume(returning: value) }
        }
        resumption.end()
    }
}

/// The next steps of tasks that go on together, by the loops that are to run them.
@usableFromInline struct Resumption {
    private var jobs: [(loop: EventLoop, jobs: [UnownedJob])] = []

    @usableFromInline init() {}

    /// What a resumption would hand to the global pool; nil where it has taken another way.
    @usableFromInline static func capture(_ resume: () -> Void) -> UnownedJob? {
        hg_capture_begin()
        resume()
        // SAFETY: the runtime handed the job over to be run once; an UnownedJob is that pointer.
        return unsafe hg_capture_end().map { unsafe unsafeBitCast($0, to: UnownedJob.self) }
    }

    @usableFromInline mutating func add(_ loop: EventLoop, _ resume: () -> Void) {
        guard let job = Self.capture(resume) else { return }
        if let place = jobs.firstIndex(where: { $0.loop === loop }) {
            jobs[place].jobs.append(job)
        } else {
            jobs.append((loop, [job]))
        }
    }

    @usableFromInline func end() {
        for (loop, jobs) in jobs { loop.accept(jobs) }
    }
}

extension Waiter<Void> {
    /// Lets the task go on; once only.
    public func resume() { resume(returning: ()) }
}
