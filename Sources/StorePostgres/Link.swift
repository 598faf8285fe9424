internal import CPostgres
internal import Reactor
internal import Store

/// One connection of libpq on an event loop: what arrives is taken in, what is queued is sent, and one task at a time waits.
///
/// Touched on its loop only. libpq never blocks here: names are looked up beforehand, and results are asked for only when
/// they are complete.
@safe final class Link {
    let loop: EventLoop
    private(set) var handle: OpaquePointer?
    /// Why it is of no use any more; what arrived before that can still be read.
    private(set) var failure: StoreError?
    /// Runs once when the connection is lost while no task waits for it.
    var whenLost: () -> Void = {}
    /// Set when the task that uses the connection was cancelled.
    private(set) var isCancelled = false

    private var watch: Watch?
    private var interest: Readiness = []
    private var timer: LoopTimer?
    private var waiter: CheckedContinuation<Void, Never>?
    private var timedOut = false
    private var usesTLS = false

    init(on loop: EventLoop) {
        self.loop = loop
        timer = LoopTimer(on: loop) { [weak self] in
            self?.timedOut = true
            self?.wake()
        }
    }

    deinit { if let handle = unsafe handle { unsafe PQfinish(handle) } }

    /// Takes over a connection that is being made.
    func adopt(_ handle: OpaquePointer) { unsafe self.handle = handle }

    /// The connection is made; from now on what arrives is taken in at once.
    func established() throws(StoreError) {
        usesTLS = unsafe PQsslInUse(handle) != 0
        unsafe hg_ignore_notices(handle)
        guard unsafe PQsetnonblocking(handle, 1) == 0, unsafe PQenterPipelineMode(handle) == 1 else {
            throw lose()
        }
        unwatch()
        try watch(.read) { link in
            link.receive()
            link.flush()
            link.wake()
        }
    }

    /// Watches the socket that libpq uses at this moment until it is ready, or the deadline has passed.
    func waitForSocket(_ interest: Readiness, until deadline: MonotonicNanoseconds) async throws(StoreError) {
        try watch(interest) { $0.wake() }
        defer { unwatch() }
        try await wait(until: deadline)
    }

    // MARK: Waiting

    /// Waits for whatever comes next, with an error when nothing came in time.
    func wait(until deadline: MonotonicNanoseconds) async throws(StoreError) {
        timedOut = false
        timer?.set(at: deadline)
        await withCheckedContinuation { waiter = $0 }
        timer?.cancel()
        if timedOut { throw lose(StoreError(.unavailable, "PostgreSQL does not answer")) }
    }

    /// Ends a wait.
    func wake() {
        guard let continuation = waiter else { return }
        waiter = nil
        loop.resume(continuation)
    }

    /// Tells the task that waits that its caller has lost interest.
    func cancel() {
        isCancelled = true
        wake()
    }

    /// A new task begins to use the connection.
    func beginUse() { isCancelled = false }

    // MARK: Bytes

    /// Sends what is queued, as much as the socket takes; the rest follows when it is ready.
    func flush() {
        guard failure == nil, let handle = unsafe handle else { return }
        switch unsafe PQflush(handle) {
        case 0: change(to: .read)
        case 1: change(to: [.read, .write])
        default: lose()
        }
    }

    /// Whether some of what was queued could not be sent yet.
    var isBacklogged: Bool { interest.contains(.write) && failure == nil }

    private func receive() {
        guard failure == nil, let handle = unsafe handle else { return }
        // OpenSSL may hold decrypted bytes of a record (16 KiB) that the socket does not tell of; libpq takes 8 KiB at least.
        for _ in 0..<(usesTLS ? 3 : 1) where unsafe PQconsumeInput(handle) != 1 {
            lose()
            return
        }
    }

    private func watch(_ interest: Readiness, _ action: @escaping (Link) -> Void) throws(StoreError) {
        let descriptor = unsafe PQsocket(handle)
        do {
            watch = try Watch(descriptor, interest, on: loop) { [weak self] _ in
                if let self { action(self) }
            }
            self.interest = interest
        } catch { throw lose(StoreError(.unavailable, "\(error)")) }
    }

    private func unwatch() {
        watch?.cancel()
        watch = nil
        interest = []
    }

    private func change(to interest: Readiness) {
        guard interest != self.interest, let watch else { return }
        self.interest = interest
        do throws(SystemError) { try watch.change(interest) } catch {
            lose(StoreError(.unavailable, "\(error)"))
        }
    }

    // MARK: The end

    /// Makes the connection of no use any more, and says why: for the first reason there was.
    @discardableResult
    func lose(_ reason: StoreError? = nil) -> StoreError {
        if let failure { return failure }
        let failure = reason ?? StoreError(.unavailable, lastMessage)
        self.failure = failure
        unwatch()
        if waiter == nil { whenLost() }
        return failure
    }

    /// Lets go of the socket.
    func close() {
        whenLost = {}
        lose(StoreError(.closed, "the connection is closed"))
        timer?.cancel()
        if let handle = unsafe handle { unsafe PQfinish(handle) }
        unsafe handle = nil
        wake()
    }

    /// What libpq says went wrong, on one line.
    private var lastMessage: String {
        guard let text = unsafe PQerrorMessage(handle) else { return "the connection was lost" }
        let lines = unsafe String(cString: text).split(separator: "\n").map { String($0) }
        return lines.isEmpty ? "the connection was lost" : lines.joined(separator: "; ")
    }
}
