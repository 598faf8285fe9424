import CLinux
import Glibc
import Synchronization

// SAFETY: the queue is guarded by its mutex; the thread is set once in `init`.
/// A serial executor with a thread of its own, for actors that wrap what blocks (a database, a C library).
public final class ThreadExecutor: SerialExecutor, @unchecked Sendable {
    private let queue = BlockingQueue<UnownedJob>(capacity: .max)
    private var thread: Thread?

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
        // The queue refuses only after `shutdown`, when no actor may be in use any more.
        let accepted = queue.push(UnownedJob(job))
        precondition(accepted, "a job for a thread that has ended")
    }

    /// Runs what is queued, then ends the thread and waits for it.
    public func shutdown() {
        queue.close()
        thread?.join()
        thread = nil
    }

    /// The executor outlives its thread, because `shutdown` joins it.
    private struct UnownedReference: @unchecked Sendable {
        // SAFETY: read by the thread only, which ends before the executor does.
        unowned let value: ThreadExecutor
        init(_ value: ThreadExecutor) { self.value = value }
    }
}
