import CLinux
import Glibc
import Synchronization

// SAFETY: the queue is guarded by its mutex; the thread is set once in `init`.
/// A serial executor with a thread of its own, for actors that wrap what blocks (a database, a C library).
public final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
    private let queue = BlockingQueue<UnownedJob>(capacity: .max)
    private var thread: Thread?
    private let late = Mutex(Late())

    /// Jobs that came when the thread was to end; they wait until it has.
    private struct Late {
        var jobs: [UnownedJob] = []
        var areRun = true
    }

    /// Starts the thread; the name shows in `top -H`.
    public init(_ name: String) throws(SystemError) {
        let queue = self.queue
        let executor = UnownedReference(self)
        thread = try Thread {
            unsafe hg_name_thread(name)
            while let job = queue.pop() {
                unsafe job.runSynchronously(on: executor.value.asUnownedSerialExecutor())
            }
        }
    }

    /// Takes a job for the thread.
    public func enqueue(_ job: consuming ExecutorJob) {
        let job = UnownedJob(job)
        if !queue.push(job) { runLate(job) }
    }

    /// Runs what comes after `shutdown` on the thread that it comes from, one job at a time: an actor that is used once more
    /// finds that it has been closed, instead of waiting for ever.
    private func runLate(_ job: UnownedJob?) {
        var next = late.withLock { late -> UnownedJob? in
            guard let job else {
                late.areRun = !late.jobs.isEmpty
                return late.areRun ? late.jobs.removeFirst() : nil
            }
            guard !late.areRun else {
                late.jobs.append(job)
                return nil
            }
            late.areRun = true
            return job
        }
        while let job = next {
            unsafe job.runSynchronously(on: asUnownedSerialExecutor())
            next = late.withLock { late in
                late.areRun = !late.jobs.isEmpty
                return late.areRun ? late.jobs.removeFirst() : nil
            }
        }
    }

    /// Runs what is queued, then ends the thread and waits for it.
    public func shutdown() {
        queue.close()
        guard let thread else { return }
        thread.join()
        self.thread = nil
        runLate(nil)
    }

    /// The executor outlives its thread, because `shutdown` joins it.
    private struct UnownedReference: @unchecked Sendable {
        // SAFETY: read by the thread only, which ends before the executor does.
        unowned let value: ThreadExecutor
        init(_ value: ThreadExecutor) { self.value = value }
    }
}
