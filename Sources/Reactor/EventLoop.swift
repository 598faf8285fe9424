import CLinux
import Glibc
import Synchronization

// SAFETY: `inbox` is behind a Mutex; all other mutable state is touched by the loop's own thread only, which
// each entry asserts.
/// One thread that waits for descriptors, timers and jobs, and runs actors that are pinned to it.
///
/// It is a serial executor: an actor whose `unownedExecutor` is a loop runs on that loop's thread, next to the
/// sockets that it owns. It is no task executor; mixing both doubles every hop.
@safe public final class EventLoop: SerialExecutor, @unchecked Sendable {
    /// The loop's place in its group; metrics use it as their shard.
    public let index: Int

    private struct Inbox {
        var jobs: [UnownedJob] = []
        var actions: [@Sendable () -> Void] = []
        var asleep = false
        var stopping = false
    }

    private let inbox = Mutex(Inbox())
    private let wakeDescriptor: Int32

    private var poller: Poller
    private var timers = TimerHeap()
    private var ready: [UnownedJob] = []
    private var running: [UnownedJob] = []
    private var flushes: [Stream] = []
    private var yielding: [CheckedContinuation<Void, Never>] = []
    private var wakeToken: Poller.Token?

    /// The time at which the current round began; good enough for every deadline.
    public private(set) var now: MonotonicNanoseconds = EventLoop.clock()

    /// Memory into which sockets of this loop read; its content ends with the call that lends it.
    let scratch: UnsafeMutableRawBufferPointer
    /// A second such memory, for what TLS decrypts from the first.
    let plainScratch: UnsafeMutableRawBufferPointer

    init(index: Int) throws(SystemError) {
        hg_capture_install()
        let poller = try Poller()
        wakeDescriptor = try SystemError.check("eventfd", hg_eventfd())
        self.poller = poller
        self.index = index
        unsafe scratch = .allocate(byteCount: 65536, alignment: 64)
        unsafe plainScratch = .allocate(byteCount: 65536, alignment: 64)
    }

    deinit {
        _ = hg_close(wakeDescriptor)
        unsafe scratch.deallocate()
        unsafe plainScratch.deallocate()
    }

    /// Whether the caller runs on this loop's thread.
    public var isCurrent: Bool {
        unsafe hg_current_loop() == UnsafeRawPointer(Unmanaged.passUnretained(self).toOpaque())
    }

    /// The loop on whose thread the caller runs.
    static var current: EventLoop? {
        // SAFETY: a thread's loop is alive for as long as the thread runs it.
        unsafe hg_current_loop().map { unsafe Unmanaged.fromOpaque($0).takeUnretainedValue() }
    }

    /// The monotonic clock.
    public static func clock() -> MonotonicNanoseconds { hg_monotonic_nanoseconds() }

    // MARK: Jobs

    /// Takes a job of an actor that is pinned here, from any thread.
    public func enqueue(_ job: consuming ExecutorJob) { accept(UnownedJob(job)) }

    /// Takes a job from any thread.
    @usableFromInline func accept(_ job: UnownedJob) {
        guard !isCurrent else {
            ready.append(job)
            return
        }
        let wake = inbox.withLock { inbox in
            inbox.jobs.append(job)
            defer { inbox.asleep = false }
            return inbox.asleep
        }
        if wake { _ = hg_eventfd_signal(wakeDescriptor) }
    }

    /// Takes several jobs from another thread, and is woken once.
    func accept(_ jobs: [UnownedJob]) {
        guard !isCurrent else {
            ready.append(contentsOf: jobs)
            return
        }
        let wake = inbox.withLock { inbox in
            inbox.jobs.append(contentsOf: jobs)
            defer { inbox.asleep = false }
            return inbox.asleep
        }
        if wake { _ = hg_eventfd_signal(wakeDescriptor) }
    }

    /// Runs `action` on the loop, from any thread.
    public func execute(_ action: @escaping @Sendable () -> Void) {
        let wake = inbox.withLock { inbox in
            inbox.actions.append(action)
            defer { inbox.asleep = false }
            return inbox.asleep
        }
        if wake { _ = hg_eventfd_signal(wakeDescriptor) }
    }

    /// Runs `action` on the loop and gives back what it comes to.
    ///
    /// Not from the loop itself.
    public func run<R: Sendable, E: Error>(_ action: @escaping @Sendable () throws(E) -> R) async throws(E)
        -> R
    {
        let result: Result<R, E> = await withCheckedContinuation { continuation in
            execute {
                do throws(E) { continuation.resume(returning: .success(try action())) } catch {
                    continuation.resume(returning: .failure(error))
                }
            }
        }
        return try result.get()
    }

    /// Stops the program unless it runs on this loop's thread.
    public func checkIsolated() { precondition(isCurrent, "not on this event loop") }
    /// Whether the caller runs on this loop's thread.
    public func isIsolatingCurrentContext() -> Bool? { isCurrent }

    /// Resumes a continuation of a task whose actor lives here, so that it goes on as one job of this loop.
    public func resume(_ continuation: CheckedContinuation<Void, Never>) {
        assertCurrent()
        hg_capture_begin()
        continuation.resume()
        guard let job = unsafe hg_capture_end() else { return }
        // SAFETY: the runtime handed the job over to be run once; an UnownedJob is that pointer.
        ready.append(unsafe unsafeBitCast(job, to: UnownedJob.self))
    }

    /// Lets everything else that is ready on this loop, to which the caller must belong, have its turn.
    public func yield() async {
        await withCheckedContinuation { yielding.append($0) }
    }

    // MARK: What lives on the loop

    /// Runs `action` on the loop once `deadline` has passed.
    func schedule(at deadline: MonotonicNanoseconds, _ action: @escaping () -> Void) -> TimerHeap.ID {
        assertCurrent()
        return timers.arm(at: deadline, action)
    }

    func cancel(_ timer: TimerHeap.ID) {
        assertCurrent()
        timers.cancel(timer)
    }

    func register(_ fd: Int32, _ interest: Readiness, _ pollable: Pollable) throws(SystemError)
        -> Poller.Token
    {
        assertCurrent()
        return try poller.add(fd, interest, pollable)
    }

    func reregister(_ fd: Int32, _ interest: Readiness, _ token: Poller.Token) throws(SystemError) {
        try poller.change(fd, interest, token)
    }

    func unregister(_ fd: Int32, _ token: Poller.Token) {
        assertCurrent()
        poller.remove(fd, token)
    }

    /// Has `stream` flushed when the jobs that are ready now have run, so that their writes share one call.
    func flushSoon(_ stream: Stream) {
        assertCurrent()
        flushes.append(stream)
    }

    func assertCurrent() { assert(isCurrent, "not on this event loop") }

    // MARK: The thread

    /// Runs until `stop`.
    ///
    /// The calling thread becomes the loop's.
    func run() {
        unsafe hg_set_current_loop(Unmanaged.passUnretained(self).toOpaque())
        unsafe hg_name_thread("loop-\(index)")
        defer { hg_set_current_loop(nil) }
        do throws(SystemError) {
            wakeToken = try poller.add(wakeDescriptor, .read, Waker(wakeDescriptor))
            while try round() {}
        } catch {
            preconditionFailure("the event loop cannot wait: \(error)")
        }
    }

    /// Makes `run` return once the jobs that are ready have run.
    func stop() {
        inbox.withLock { $0.stopping = true }
        _ = hg_eventfd_signal(wakeDescriptor)
    }

    private func round() throws(SystemError) -> Bool {
        runReadyJobs()
        flushAll()
        let (timeout, goOn) = prepareToWait()
        guard goOn else { return false }
        let count = try poller.wait(timeout)
        now = Self.clock()
        for index in 0..<count {
            if let (pollable, readiness) = poller.fetch(index) { pollable.ready(readiness) }
        }
        while let action = timers.popDue(now) { action() }
        takeInbox()
        resumeYielding()
        return true
    }

    /// Runs what is ready and what that makes ready, within a bound, so that sockets are never starved.
    private func runReadyJobs() {
        var budget = 4096
        while !ready.isEmpty, budget > 0 {
            swap(&ready, &running)
            budget -= running.count
            for job in running { unsafe job.runSynchronously(on: asUnownedSerialExecutor()) }
            running.removeAll(keepingCapacity: running.count < 1024)
        }
    }

    private func flushAll() {
        while !flushes.isEmpty {
            let streams = flushes
            flushes.removeAll(keepingCapacity: true)
            for stream in streams { stream.flushNow() }
        }
    }

    private func prepareToWait() -> (milliseconds: Int32, goOn: Bool) {
        let timeout = ready.isEmpty && yielding.isEmpty ? millisecondsToNextTimer() : 0
        return inbox.withLock { inbox in
            let waiting = !inbox.jobs.isEmpty || !inbox.actions.isEmpty
            guard !inbox.stopping || !ready.isEmpty || waiting else { return (0, false) }
            guard !waiting, timeout != 0 else { return (0, true) }
            inbox.asleep = true
            return (timeout, true)
        }
    }

    private func takeInbox() {
        let actions = inbox.withLock { inbox in
            inbox.asleep = false
            ready.append(contentsOf: inbox.jobs)
            inbox.jobs.removeAll(keepingCapacity: true)
            defer { inbox.actions.removeAll(keepingCapacity: true) }
            return inbox.actions
        }
        for action in actions { action() }
    }

    private func resumeYielding() {
        guard !yielding.isEmpty else { return }
        let waiting = yielding
        yielding.removeAll(keepingCapacity: true)
        for continuation in waiting { resume(continuation) }
    }

    private func millisecondsToNextTimer() -> Int32 {
        guard let deadline = timers.earliest() else { return -1 }
        let now = Self.clock()
        guard deadline > now else { return 0 }
        // Rounded up, so that the loop does not spin through the last fraction of a millisecond.
        return Int32(min((deadline - now + 999_999) / 1_000_000, 60_000))
    }
}

/// Empties the descriptor by which other threads wake the loop.
private final class Waker: Pollable {
    private let descriptor: Int32
    init(_ descriptor: Int32) { self.descriptor = descriptor }
    override func ready(_ readiness: Readiness) { _ = hg_eventfd_drain(descriptor) }
}
