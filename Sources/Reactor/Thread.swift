import Glibc
import Synchronization

/// A thread of the operating system.
// SAFETY: the handle is set once, before the value can be shared.
final class Thread: @unchecked Sendable {
    private let handle: pthread_t
    private let isJoined = Atomic(false)

    /// Starts a thread that runs `body`.
    init(_ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let box = unsafe Unmanaged.passRetained(ThreadBody(body))
        var handle = pthread_t()
        let status = unsafe pthread_create(&handle, nil, runThread, box.toOpaque())
        guard status == 0 else {
            unsafe box.release()
            throw SystemError("pthread_create", status)
        }
        self.handle = handle
    }

    /// Waits until the body has returned; whoever comes second does not wait.
    ///
    /// Joining twice would be undefined, and who closes something twice should not have to know.
    func join() {
        guard !isJoined.exchange(true, ordering: .relaxed) else { return }
        _ = pthread_join(handle, nil)
    }
}

private final class ThreadBody {
    let run: @Sendable () -> Void
    init(_ run: @escaping @Sendable () -> Void) { self.run = run }
}

@c private func runThread(_ context: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let context = unsafe context else { return nil }
    unsafe Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().run()
    return nil
}
