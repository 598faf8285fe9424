import CLinux

/// What a descriptor became ready for.
public struct Readiness: OptionSet, Sendable {
    /// The bits of epoll.
    public let rawValue: UInt32
    /// A set by the bits of epoll.
    public init(rawValue: UInt32) { self.rawValue = rawValue }

    /// Bytes, a connection or an end of stream can be read.
    public static let read = Readiness(rawValue: EPOLLIN.rawValue)
    /// There is room to write.
    public static let write = Readiness(rawValue: EPOLLOUT.rawValue)
    /// The peer has ended its half.
    public static let peerEnded = Readiness(rawValue: EPOLLRDHUP.rawValue)
    /// Both halves are over, or the descriptor failed.
    public static let broken = Readiness(rawValue: EPOLLERR.rawValue | EPOLLHUP.rawValue)

    /// Report changes only, so that one registration serves for the whole life of a socket.
    static let edges = Readiness(rawValue: EPOLLET.rawValue)
}

/// Something whose descriptor a loop watches; streams, listeners and watches are.
///
/// Called on the loop only.
public class Pollable {
    init() {}
    func ready(_ readiness: Readiness) {}
}

/// One epoll instance and the table of what it watches.
///
/// The token of an epoll event is a slot and its generation: an event that was already on its way when its
/// descriptor was closed finds another generation in the slot and is dropped.
@safe struct Poller: ~Copyable {
    private struct Slot {
        var generation: UInt32 = 0
        var pollable: Pollable?
    }

    /// Names a registration.
    struct Token { fileprivate let slot: UInt32, generation: UInt32 }

    private let epoll: Int32
    private var slots: [Slot] = []
    private var free: [UInt32] = []
    private let events: UnsafeMutableBufferPointer<epoll_event>

    init() throws(SystemError) {
        epoll = try SystemError.check("epoll_create1", hg_epoll_create())
        unsafe events = .allocate(capacity: 256)
    }

    deinit {
        unsafe events.deallocate()
        _ = hg_close(epoll)
    }

    /// Watches `fd`; the pollable is kept alive until it is removed.
    mutating func add(_ fd: Int32, _ interest: Readiness, _ pollable: Pollable) throws(SystemError) -> Token {
        let index = free.popLast() ?? UInt32(slots.count)
        if Int(index) == slots.count { slots.append(Slot()) }
        let token = Token(slot: index, generation: slots[Int(index)].generation)
        let status = hg_epoll_control(epoll, EPOLL_CTL_ADD, fd, interest.rawValue, token.raw)
        guard status >= 0 else {
            free.append(index)
            throw SystemError("epoll_ctl", status)
        }
        slots[Int(index)].pollable = pollable
        return token
    }

    func change(_ fd: Int32, _ interest: Readiness, _ token: Token) throws(SystemError) {
        try SystemError.check(
            "epoll_ctl", hg_epoll_control(epoll, EPOLL_CTL_MOD, fd, interest.rawValue, token.raw))
    }

    /// Stops watching.
    ///
    /// Call it before the descriptor is closed.
    mutating func remove(_ fd: Int32, _ token: Token) {
        _ = hg_epoll_control(epoll, EPOLL_CTL_DEL, fd, 0, 0)
        slots[Int(token.slot)].pollable = nil
        slots[Int(token.slot)].generation &+= 1
        free.append(token.slot)
    }

    /// Waits at most `milliseconds` (-1: for ever); `fetch` then gives what is ready, by index.
    func wait(_ milliseconds: Int32) throws(SystemError) -> Int {
        guard let base = unsafe events.baseAddress else { return 0 }
        return Int(
            try unsafe SystemError.check(
                "epoll_wait", hg_epoll_wait(epoll, base, Int32(events.count), milliseconds)))
    }

    /// The pollable of event `index` of the last wait, unless it was removed meanwhile.
    func fetch(_ index: Int) -> (Pollable, Readiness)? {
        guard let event = unsafe events.baseAddress.map({ unsafe $0 + index }) else { return nil }
        let token = unsafe Token(raw: hg_epoll_token(event))
        let slot = slots[Int(token.slot)]
        guard slot.generation == token.generation, let pollable = slot.pollable else { return nil }
        return (pollable, unsafe Readiness(rawValue: hg_epoll_events(event)))
    }
}

extension Poller.Token {
    fileprivate var raw: UInt64 { UInt64(generation) << 32 | UInt64(slot) }
    fileprivate init(raw: UInt64) {
        slot = UInt32(truncatingIfNeeded: raw)
        generation = UInt32(truncatingIfNeeded: raw >> 32)
    }
}
