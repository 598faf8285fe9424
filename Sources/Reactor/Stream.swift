public import Base
public import Crypto
import CLinux

/// Why a stream can no longer be used.
public enum StreamError: Error, Sendable {
    /// This side closed it.
    case closed
    /// The peer or the network broke it.
    case broken(SystemError)
    /// The peer took nothing for too long.
    case writeTimedOut
    /// The peer does not speak TLS as it should.
    case tls(TLSError)
}

/// What waiting for bytes came to.
public enum Arrival: Sendable {
    /// Bytes were lent to the closure.
    case bytes
    /// The peer has ended its half; writing may go on.
    case end
    /// The read deadline passed.
    case timedOut
}

// SAFETY: every method runs on the stream's loop, which `assertCurrent` checks in debug builds; the class is
// Sendable only so that actors of that loop can hold it.
/// A connected socket on one loop, with TLS where wanted.
///
/// Reading is pulled: nothing is read from the kernel until somebody asks, so a peer is slowed down by whoever
/// does not consume. Writing is queued: `write` never waits, `drained` waits while too much is queued.
/// The socket is registered once, for edges, and holds no buffer while idle.
public final class Stream: Pollable, @unchecked Sendable {
    /// The loop that the stream lives on.
    public let loop: EventLoop
    /// Who is at the other end.
    public let peer: SocketAddress
    /// The TLS state, when the stream is encrypted.
    public let tls: TLSEngine?

    /// How many queued bytes make `drained` wait, and at how many it goes on.
    public var highWater = 64 * 1024
    /// How many queued bytes let `drained` go on.
    public var lowWater = 16 * 1024
    /// How long a peer may take nothing of what is queued.
    public var writeTimeout: MonotonicNanoseconds = 30_000_000_000
    /// Called once when the connection breaks while nobody reads or writes.
    public var onBroken: (() -> Void)?
    /// Called when so much has been sent that no more than the low-water mark is queued.
    public var onWritable: (() -> Void)?
    /// Called before what `flushSoon` asked for is sent, so that what was gathered meanwhile can be written first.
    public var onFlush: (() -> Void)?
    /// Called when the work deadline passes.
    public var onOverdue: (() -> Void)?

    /// Somebody who waits until no more than `level` bytes are queued.
    private struct Drainer {
        let level: Int
        let continuation: CheckedContinuation<Void, Never>
    }

    private let fd: Int32
    private var token: Poller.Token?
    var queue = WriteQueue()
    private(set) var failure: StreamError?

    private(set) var mayRead = false
    private var mayWrite = true
    private var peerEnded = false
    private var flushPending = false
    private var shutdownAfterFlush = false

    /// Reads in a row that had not to be waited for.
    private var readsInARow = 0
    private static let readsInARowMax = 8

    var reader: CheckedContinuation<Void, Never>?
    private var parked: ((_ isDue: Bool) -> Void)?
    private var drainers: [Drainer] = []

    var deadlines = Deadlines()

    /// Takes over a connected, non-blocking descriptor.
    public init(adopting fd: Int32, peer: SocketAddress, on loop: EventLoop, tls: TLSEngine? = nil)
        throws(SystemError)
    {
        loop.assertCurrent()
        self.fd = fd
        self.peer = peer
        self.loop = loop
        self.tls = tls
        super.init()
        do throws(SystemError) {
            token = try loop.register(fd, [.read, .write, .peerEnded, .edges], self)
        } catch {
            _ = hg_close(fd)
            throw error
        }
    }

    /// Whether the stream can no longer be used.
    public var isClosed: Bool { failure != nil }
    /// Bytes that are queued and not yet with the kernel.
    public var queued: Int { queue.count }
    /// Whether the peer has ended its half, as far as the kernel has said.
    public var peerHasEnded: Bool { peerEnded }

    // MARK: Reading

    /// Waits for bytes and lends them; they are gone when the closure returns.
    public func receive(_ body: (RawSpan) -> Void) async throws(StreamError) -> Arrival {
        while true {
            if readsInARow >= Self.readsInARowMax {
                // A peer that sends faster than it is served must not keep the others from being served.
                readsInARow = 0
                await loop.yield()
            }
            if let arrival = try receiveNow(body) {
                readsInARow += 1
                return arrival
            }
            if deadlines.readTimedOut { return .timedOut }
            readsInARow = 0
            flushNow()
            // The flush may have found the connection broken, and then nobody would wake the reader.
            if let failure { throw failure }
            precondition(reader == nil, "two readers of one stream")
            await withCheckedContinuation { reader = $0 }
        }
    }

    /// Waits without a task: `wake` is called once, when there is something to read or the deadline has passed.
    ///
    /// A task keeps the memory of its deepest call for as long as it lives, which a silent peer is not worth.
    public func park(until deadline: MonotonicNanoseconds, _ wake: @escaping (_ isDue: Bool) -> Void) {
        guard failure == nil, !mayRead else { return wake(false) }
        parked = wake
        setReadDeadline(deadline)
    }

    func unpark(isDue: Bool) {
        guard let wake = parked else { return }
        parked = nil
        wake(isDue)
    }

    /// Lends what is there now; nil when that is nothing.
    public func receiveNow(_ body: (RawSpan) -> Void) throws(StreamError) -> Arrival? {
        loop.assertCurrent()
        if let failure { throw failure }
        if let tls { return try receiveDecrypted(tls, body) }
        guard mayRead else { return nil }
        let count = try readSocket()
        guard count > 0 else { return count == 0 ? .end : nil }
        unsafe body(UnsafeRawBufferPointer(start: loop.scratch.baseAddress, count: count).bytes)
        return .bytes
    }

    /// Reads into the loop's scratch; 0 at the end, -1 when nothing is there.
    func readSocket() throws(StreamError) -> Int {
        guard let base = unsafe loop.scratch.baseAddress else { return -1 }
        let count = unsafe hg_recv(fd, base, loop.scratch.count)
        if count > 0 {
            // A short read means that the socket is drained; only an end that was announced is still to be read.
            if unsafe count < loop.scratch.count, !peerEnded { mayRead = false }
            return count
        }
        if count == 0 { return 0 }
        guard count == -Int(EAGAIN) else { throw fail(.broken(SystemError("recv", count))) }
        mayRead = false
        return -1
    }

    // MARK: Writing

    /// Queues what `build` appends.
    ///
    /// Nothing is sent before `flush`, `flushSoon` or the next `receive`.
    public func write(_ build: (inout [UInt8]) -> Void) {
        guard failure == nil else { return }
        guard let tls else { return queue.append(build) }
        var plain: [UInt8] = []
        build(&plain)
        encrypt(tls, Bytes(plain))
    }

    /// Queues bytes; large ones are not copied.
    public func write(_ bytes: Bytes) {
        guard failure == nil else { return }
        if let tls { encrypt(tls, bytes) } else { queue.append(bytes) }
    }

    /// Sends what the kernel takes now; the rest follows by itself.
    public func flush() { flushNow() }

    /// Sends once the jobs that are ready on the loop have run, together with what they write.
    public func flushSoon() {
        guard !flushPending else { return }
        flushPending = true
        loop.flushSoon(self)
    }

    func flushNow() {
        if flushPending {
            flushPending = false
            onFlush?()
        }
        guard failure == nil, mayWrite, !queue.isEmpty else { return finishIfFlushed() }
        let before = queue.count
        do throws(SystemError) {
            mayWrite = try queue.write(to: fd)
        } catch {
            _ = fail(.broken(error))
            return
        }
        if mayWrite {
            deadlines.write = .max
        } else if queue.count < before || deadlines.write == .max {
            setWriteDeadline(loop.now &+ writeTimeout)
        }
        resumeDrainers()
        if queue.count <= lowWater, before > lowWater { onWritable?() }
        finishIfFlushed()
    }

    /// Waits while more is queued than the high-water mark.
    ///
    /// Any number of tasks may wait.
    public func drained() async throws(StreamError) {
        if let failure { throw failure }
        guard queue.count > highWater else { return }
        try await waitUntil(atMost: lowWater)
    }

    /// Sends everything that is queued.
    public func flushed() async throws(StreamError) { try await waitUntil(atMost: 0) }

    private func waitUntil(atMost level: Int) async throws(StreamError) {
        flushNow()
        while failure == nil, queue.count > level {
            await withCheckedContinuation { drainers.append(Drainer(level: level, continuation: $0)) }
        }
        if let failure { throw failure }
    }

    private func resumeDrainers() {
        guard !drainers.isEmpty else { return }
        let waiting = drainers
        drainers = waiting.filter { $0.level < queue.count }
        for drainer in waiting where drainer.level >= queue.count { loop.resume(drainer.continuation) }
    }

    // MARK: Ending

    /// Ends this side's half once everything queued is sent; reading may go on.
    public func finishWriting() {
        if let tls, !shutdownAfterFlush {
            tls.shutdown()
            queue.append { tls.takeOutput(appendingTo: &$0) }
        }
        shutdownAfterFlush = true
        flushNow()
    }

    private func finishIfFlushed() {
        guard shutdownAfterFlush, failure == nil, queue.isEmpty else { return }
        shutdownAfterFlush = false
        _ = hg_shutdown_write(fd)
    }

    /// Ends politely: sends what is queued, then reads and drops what the peer still sends, at most `bytes`.
    ///
    /// So a last answer is not lost in a reset. The time until `deadline` is what the peer is given after the last
    /// byte was sent; how long it may take to receive that is bounded by the write timeout.
    public func closeGracefully(deadline: MonotonicNanoseconds, dropping bytes: Int = 1 << 20) async {
        let patience = deadline - min(deadline, loop.now)
        finishWriting()
        // What fails now is closed all the same.
        try? await flushed()
        setReadDeadline(loop.now &+ patience)
        var left = bytes
        // So is what breaks while it is dropped.
        while left > 0, let arrival = try? await receive({ left -= $0.byteCount }) {
            guard case .bytes = arrival else { break }
        }
        close()
    }

    /// Closes at once, with a reset: the peer is told that it has not got everything.
    public func reset() {
        if failure == nil { _ = hg_reset_on_close(fd) }
        close()
    }

    /// Closes at once.
    ///
    /// What waits is woken with `.closed`.
    public func close() { _ = fail(.closed) }

    @discardableResult
    func fail(_ error: StreamError) -> StreamError {
        loop.assertCurrent()
        if let failure { return failure }
        failure = error
        if let token { loop.unregister(fd, token) }
        token = nil
        disarmTimer()
        _ = hg_close(fd)
        queue = WriteQueue()
        resume(&reader)
        resumeDrainers()
        let (broken, wake) = (onBroken, parked)
        (onBroken, onOverdue, onWritable, onFlush, parked) = (nil, nil, nil, nil, nil)
        if case .closed = error { return error }
        broken?()
        // Whoever has parked the stream finds out by reading.
        wake?(false)
        return error
    }

    /// Waits until a connection that was started stands.
    func connected(by deadline: MonotonicNanoseconds) async throws(StreamError) {
        mayWrite = false
        setReadDeadline(deadline)
        while !mayWrite, failure == nil, !deadlines.readTimedOut {
            await withCheckedContinuation { reader = $0 }
        }
        setReadDeadline(.max)
        if let failure { throw failure }
        let code = mayWrite ? hg_socket_error(fd) : ETIMEDOUT
        guard code == 0 else { throw fail(.broken(SystemError("connect", code))) }
    }

    // MARK: Events of the loop

    override func ready(_ readiness: Readiness) {
        if readiness.contains(.peerEnded) { peerEnded = true }
        if !readiness.isDisjoint(with: [.read, .peerEnded, .broken]) {
            mayRead = true
            if reader != nil {
                resume(&reader)
            } else if parked != nil {
                unpark(isDue: false)
            } else if !readiness.isDisjoint(with: .broken) {
                onBroken?()
                onBroken = nil
            }
        }
        if !readiness.isDisjoint(with: [.write, .broken]), !mayWrite {
            mayWrite = true
            flushNow()
            // A connection under way waits as a reader for its first room to write.
            resume(&reader)
        }
    }

    func resume(_ waiter: inout CheckedContinuation<Void, Never>?) {
        guard let continuation = waiter else { return }
        waiter = nil
        loop.resume(continuation)
    }
}
