extension Stream {
    /// When the peer or the work for it takes too long; `.max` is never.
    struct Deadlines {
        var read = MonotonicNanoseconds.max
        var write = MonotonicNanoseconds.max
        var work = MonotonicNanoseconds.max
        /// Whether the read deadline has passed since it was set.
        var readTimedOut = false
        /// What the timer is set for, which may be earlier than any of them.
        var armed = MonotonicNanoseconds.max
        var timer: TimerHeap.ID?

        var earliest: MonotonicNanoseconds { min(read, write, work) }
    }

    /// Sets when the next `receive` gives up; `.max` is never.
    ///
    /// Setting it later costs nothing.
    public func setReadDeadline(_ deadline: MonotonicNanoseconds) {
        deadlines.read = deadline
        deadlines.readTimedOut = false
        if deadline < deadlines.armed { armTimer() }
    }

    /// Bounds the work that is done for the peer: `onOverdue` runs when the deadline passes; `.max` lifts it.
    public func setWorkDeadline(_ deadline: MonotonicNanoseconds) {
        deadlines.work = deadline
        if deadline < deadlines.armed { armTimer() }
    }

    /// Bounds how long the peer may take nothing of what is queued.
    func setWriteDeadline(_ deadline: MonotonicNanoseconds) {
        deadlines.write = deadline
        if deadline < deadlines.armed { armTimer() }
    }

    /// Forgets the timer, and with it all deadlines, at the end.
    func disarmTimer() {
        if let timer = deadlines.timer { loop.cancel(timer) }
        deadlines.timer = nil
    }

    /// One timer serves all deadlines.
    ///
    /// It is set for the earliest and, when it fires early because the deadlines moved on, set anew: moving a deadline
    /// further away, as every request does, costs nothing.
    private func armTimer() {
        if let timer = deadlines.timer { loop.cancel(timer) }
        deadlines.armed = deadlines.earliest
        guard failure == nil, deadlines.armed != .max else { return deadlines.timer = nil }
        deadlines.timer = loop.schedule(at: deadlines.armed) { [self] in
            deadlines.timer = nil
            deadlines.armed = .max
            if deadlines.write <= loop.now { return _ = fail(.writeTimedOut) }
            if deadlines.read <= loop.now {
                deadlines.read = .max
                deadlines.readTimedOut = true
                resume(&reader)
                unpark(isDue: true)
            }
            if deadlines.work <= loop.now {
                deadlines.work = .max
                onOverdue?()
            }
            armTimer()
        }
    }
}
