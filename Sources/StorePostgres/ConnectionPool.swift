internal import Base
internal import Reactor
internal import Store
internal import Synchronization

/// The connections of a database: a bounded number, spread over the loops, handed out in the order of the callers.
final class ConnectionPool: Sendable {
    fileprivate struct Waiter {
        let id: UInt64
        let deadline: MonotonicNanoseconds
        let continuation: CheckedContinuation<Result<PostgresConnection, any Error>, Never>
    }

    fileprivate struct State {
        /// Open and free; the one used last is used next.
        var idle: [PostgresConnection] = []
        /// Open, free or not.
        var live = 0
        /// Being opened, or waiting to try again.
        var opening = 0
        /// Whether one of those has failed and goes on trying.
        var isProbing = false
        /// Why none could be made the last time; nil after a success.
        var failure: StoreError?
        var hasConnected = false
        var waiters = Queue<Waiter>()
        var nextWaiter: UInt64 = 0
        var nextLoop = 0
        var isTimerSet = false
        var isClosed = false
        var closers: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let loops: [EventLoop]
    private let settings: PostgresSettings
    private let timer: LoopTimer
    /// Asks the keeper for one more connection.
    private let requests: AsyncStream<EventLoop>.Continuation

    init(loops: [EventLoop], settings: PostgresSettings, requests: AsyncStream<EventLoop>.Continuation) {
        self.loops = loops
        self.settings = settings
        self.requests = requests
        let expire = WeakAction()
        timer = LoopTimer(on: loops[0]) { expire.pool?.expireWaiters() }
        expire.pool = self
        grow()
    }

    /// Breaks the cycle between the pool and its timer; set once, before the pool is shared.
    private final class WeakAction { weak var pool: ConnectionPool? }

    var condition: DatabaseState {
        state.withLock { state in
            if state.isClosed { return .closed }
            if state.live > 0 { return .ready }
            return .unavailable(reason: state.failure?.message ?? "not connected yet")
        }
    }

    // MARK: Handing out

    /// A connection of the caller's own until `release`.
    func acquire(until deadline: MonotonicNanoseconds) async throws -> PostgresConnection {
        try Task.checkCancellation()
        let here = loops.first { $0.isCurrent }
        if let ready = try state.withLock({ (state) throws(StoreError) in try state.take(near: here) }) {
            return ready
        }
        let id = state.withLock { state in
            state.nextWaiter &+= 1
            return state.nextWaiter
        }
        return try await withTaskCancellationHandler {
            try await withCheckedContinuation {
                enqueue(Waiter(id: id, deadline: deadline, continuation: $0))
            }.get()
        } onCancel: {
            remove(id)
        }
    }

    private func enqueue(_ waiter: Waiter) {
        enum Step { case go(PostgresConnection), refuse(StoreError), wait(setTimer: Bool) }
        let step = state.withLock { state -> Step in
            do throws(StoreError) {
                if let connection = try state.take(near: nil) { return .go(connection) }
            } catch { return .refuse(error) }
            guard state.waiters.count < settings.waitersMax else {
                return .refuse(
                    state.failure
                        ?? StoreError(.overloaded, "\(settings.waitersMax) callers wait for a connection"))
            }
            state.waiters.append(waiter)
            defer { state.isTimerSet = true }
            return .wait(setTimer: !state.isTimerSet)
        }
        switch step {
        case .go(let connection): waiter.continuation.resume(returning: .success(connection))
        case .refuse(let error): waiter.continuation.resume(returning: .failure(error))
        case .wait(let setTimer):
            if setTimer { loops[0].execute { self.timer.set(at: waiter.deadline) } }
            grow()
            // A cancellation before the place in the queue was taken has found nothing to remove.
            if Task.isCancelled { remove(waiter.id) }
        }
    }

    private func remove(_ id: UInt64) {
        let waiter = state.withLock { $0.waiters.removeFirst { $0.id == id } }
        waiter?.continuation.resume(returning: .failure(CancellationError()))
        finishClosing()
    }

    /// Gives a connection back; with the reason where it is lost.
    func release(_ connection: PostgresConnection, loss: StoreError?) {
        if let loss { lost(loss) } else { offer(connection) }
    }

    private func offer(_ connection: PostgresConnection) {
        let (waiter, close) = state.withLock { state -> (Waiter?, Bool) in
            if let waiter = state.waiters.popFirst() { return (waiter, false) }
            if state.isClosed {
                state.live -= 1
                return (nil, true)
            }
            state.idle.append(connection)
            return (nil, false)
        }
        if close {
            connection.close()
            finishClosing()
        }
        waiter?.continuation.resume(returning: .success(connection))
    }

    /// A connection that somebody used is gone.
    private func lost(_ reason: StoreError) {
        state.withLock { state in
            state.live -= 1
            if state.live == 0 { state.failure = reason }
        }
        finishClosing()
        grow()
    }

    /// A connection that nobody used is gone.
    private func lostIdle(_ connection: PostgresConnection, _ reason: StoreError) {
        let wasIdle = state.withLock { state in
            guard let index = state.idle.firstIndex(where: { $0 === connection }) else { return false }
            state.idle.remove(at: index)
            return true
        }
        // Otherwise it has just been handed out, and its new user finds out.
        guard wasIdle else { return }
        connection.close()
        lost(reason)
    }

    /// Tells those who have waited long enough.
    private func expireWaiters() {
        let now = EventLoop.clock()
        let (expired, next, reason) = state.withLock { state in
            var expired: [Waiter] = []
            while let first = state.waiters.first, first.deadline <= now {
                if let waiter = state.waiters.popFirst() { expired.append(waiter) }
            }
            let next = state.waiters.first?.deadline
            state.isTimerSet = next != nil
            return (expired, next, state.reasonToGiveUp)
        }
        if let next { timer.set(at: next) }
        for waiter in expired { waiter.continuation.resume(returning: .failure(reason)) }
        finishClosing()
    }

    // MARK: Opening

    /// Has as many connections opened as there are callers for, and always one.
    private func grow() {
        let wanted = state.withLock { state -> [EventLoop] in
            guard !state.isProbing else { return [] }
            let least = state.live == 0 && !state.isClosed ? 1 : 0
            let useful = max(state.waiters.count, least) - state.opening
            let room = settings.connectionsMax - state.live - state.opening
            var count = min(useful, room)
            // After a failure one goes ahead, and the others follow if it arrives.
            if state.failure != nil { count = min(count, 1 - state.opening) }
            guard count > 0 else { return [] }
            state.opening += count
            return (0..<count).map { _ in
                state.nextLoop = (state.nextLoop + 1) % loops.count
                return loops[state.nextLoop]
            }
        }
        for loop in wanted { requests.yield(loop) }
    }

    /// A connection was made.
    func opened(_ connection: PostgresConnection, isProbe: Bool) {
        state.withLock { state in
            state.opening -= 1
            state.live += 1
            state.failure = nil
            if isProbe { state.isProbing = false }
        }
        offer(connection)
        grow()
    }

    /// Runs on the connection's loop when it ends while it is free.
    func watch(_ connection: PostgresConnection) -> @Sendable (StoreError) -> Void {
        { [weak self, weak connection] reason in
            if let self, let connection { lostIdle(connection, reason) }
        }
    }

    /// None could be made; whether the caller is to go on trying.
    func failedToOpen(_ error: StoreError, isProbe: Bool) -> Bool {
        let goesOn = state.withLock { state -> Bool in
            state.failure = error
            let isNeeded = !state.waiters.isEmpty || state.live == 0 && !state.isClosed
            if isNeeded, isProbe || !state.isProbing {
                state.isProbing = true
                return true
            }
            if isProbe { state.isProbing = false }
            // Where others are open this is no failure of the database; the next caller may try again.
            if state.live > 0, !state.isProbing { state.failure = nil }
            state.opening -= 1
            return false
        }
        if !goesOn { finishClosing() }
        return goesOn
    }

    // MARK: The end

    /// Takes no new callers, waits for those who are here already, and closes what is open.
    func close() async {
        let idle = state.withLock { state in
            state.isClosed = true
            defer { state.idle = [] }
            state.live -= state.idle.count
            return state.idle
        }
        for connection in idle { connection.close() }
        await withCheckedContinuation { continuation in
            state.withLock { $0.closers.append(continuation) }
            finishClosing()
        }
        loops[0].execute { self.timer.cancel() }
    }

    private func finishClosing() {
        let closers = state.withLock { state in
            guard state.isClosed, state.live == 0, state.waiters.isEmpty else {
                return [CheckedContinuation<Void, Never>]()
            }
            defer { state.closers = [] }
            return state.closers
        }
        for closer in closers { closer.resume() }
    }
}

extension ConnectionPool.State {
    /// A free connection, rather one of the caller's own loop; nil when there is none or others wait already.
    fileprivate mutating func take(near loop: EventLoop?) throws(StoreError) -> PostgresConnection? {
        if isClosed { throw StoreError(.closed, "the database is closed") }
        guard waiters.isEmpty, !idle.isEmpty else { return nil }
        if let loop, let index = idle.lastIndex(where: { $0.loop === loop }) { return idle.remove(at: index) }
        return idle.removeLast()
    }

    /// What those are told who have waited in vain.
    fileprivate var reasonToGiveUp: StoreError {
        if live == 0 { return failure ?? StoreError(.unavailable, "no connection could be made in time") }
        return StoreError(.overloaded, "no connection became free in time")
    }
}
