internal import CPostgres
internal import Reactor
internal import Synchronization

/// Asks servers to give up statements; libpq blocks while it does that, so a thread of its own does it.
///
/// A frozen server holds up that thread for as long as it is frozen; requests behind it are given up by their callers
/// after two seconds, together with their connections.
final class Canceller: Sendable {
    /// One request; touched on its loop only.
    final class Request {
        fileprivate(set) var isOver = false
    }

    private let pool: BlockingPool
    private let underWay = Atomic<Int>(0)

    init() throws(SystemError) { pool = try BlockingPool(threads: 1, waiting: 64) }

    /// Asks, and has `completion` run on the loop afterwards; nil when that is not possible.
    func cancel(
        _ handle: OpaquePointer?, on loop: EventLoop, _ completion: @escaping @Sendable () -> Void
    ) -> Request? {
        guard let ticket = unsafe PQgetCancel(handle) else { return nil }
        let request = Request()
        let job = unsafe Job(ticket: ticket, request: request)
        underWay.add(1, ordering: .relaxed)
        let accepted = pool.submit { [self] in
            job.perform()
            underWay.subtract(1, ordering: .relaxed)
            loop.execute {
                job.request.isOver = true
                completion()
            }
        }
        guard !accepted else { return request }
        underWay.subtract(1, ordering: .relaxed)
        unsafe PQfreeCancel(ticket)
        return nil
    }

    /// Ends the thread, unless a server holds it up: then it is left behind.
    func shutdown() {
        if underWay.load(ordering: .relaxed) == 0 { pool.shutdown() }
    }

    // SAFETY: the ticket is used by the pool's thread only, the request on its loop only.
    @safe private struct Job: @unchecked Sendable {
        let ticket: OpaquePointer
        let request: Request

        /// Whether it was heard does not matter: the statement then ends as it would have.
        func perform() {
            unsafe withUnsafeTemporaryAllocation(of: CChar.self, capacity: 256) { message in
                _ = unsafe PQcancel(ticket, message.baseAddress, 256)
            }
            unsafe PQfreeCancel(ticket)
        }
    }
}
