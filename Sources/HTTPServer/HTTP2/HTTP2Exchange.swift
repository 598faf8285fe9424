import Base
import Reactor
import Wire

/// One request and its answer on an HTTP/2 connection.
///
/// Lives on the connection's loop and is reached through the connection's actor only.
actor HTTP2Exchange {
    /// A streamed answer whose client takes everything would otherwise never let go of the loop.
    private static let partsInARowMax = 16

    private let connection: HTTP2Connection
    private var partsInARow = 0
    let id: HTTP2StreamID
    private var parts: [Bytes] = []
    private var received = 0
    private var isEnded = false
    private(set) var isClosed = false
    private var isTunnel = false
    private var trailerFields = HeaderFields()
    private var reader: CheckedContinuation<Void, Never>?
    private var writer: CheckedContinuation<Void, Never>?
    private var answerTrailers = HeaderFields()
    /// The announced length that is still to be written.
    private var left: UInt64?
    private var mustContinue: Bool
    private(set) var task: Task<Void, Never>?
    /// When the handler or the body is overdue.
    private(set) var deadline = MonotonicNanoseconds.max
    /// How much longer than others the handler may take.
    private var patience: MonotonicNanoseconds = 0
    private let began: MonotonicNanoseconds
    private var wasOverdue = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe connection.unownedExecutor }

    init(_ id: HTTP2StreamID, on connection: HTTP2Connection, now: MonotonicNanoseconds, mustContinue: Bool) {
        self.id = id
        self.connection = connection
        self.mustContinue = mustContinue
        began = now
    }

    func start(_ work: @escaping @Sendable (isolated HTTP2Exchange) async -> Void) {
        extendWork()
        task = Task.immediate { await work(self) }
    }

    /// Lets the handler take longer than others.
    func wait(_ patience: Duration) {
        self.patience = patience.nanoseconds
        if self.patience > 0 { extendWork() }
    }

    // MARK: What the connection reports

    func add(_ part: Bytes) {
        parts.append(part)
        wake(&reader)
    }

    func end(_ trailers: HeaderFields) {
        isEnded = true
        trailerFields = trailers
        wake(&reader)
    }

    /// The stream is over: whoever still works for it may stop.
    func close() {
        isClosed = true
        wake(&reader)
        wake(&writer)
        task?.cancel()
    }

    func drained() { wake(&writer) }

    /// Cancels what takes too long; the second time, gives the stream up.
    func checkDeadline(_ now: MonotonicNanoseconds) {
        guard deadline <= now else { return }
        if isTunnel {
            deadline = .max
            wasOverdue = true
            return wake(&reader)
        }
        deadline = now &+ 5_000_000_000
        if wasOverdue { connection.assumeIsolated { $0.reset(id, .cancel) } }
        wasOverdue = true
        wake(&reader)
        task?.cancel()
    }

    private func wake(_ waiter: inout CheckedContinuation<Void, Never>?) {
        guard let continuation = waiter else { return }
        waiter = nil
        connection.loop.resume(continuation)
    }

    private func extendWork() {
        deadline = connection.loop.now &+ connection.spans.handler &+ patience
    }

    /// The answer's length is announced: no more and no less may be written.
    func expect(_ length: UInt64?) { left = length }

    var isFulfilled: Bool { left ?? 0 == 0 }
    var trailersToSend: HeaderFields { answerTrailers }
}

extension HTTP2Exchange: BodySource {
    func nextPart() async throws -> Bytes? {
        if mustContinue {
            mustContinue = false
            await connection.sendContinue(id)
        }
        let limits = connection.limits
        while parts.isEmpty {
            if isEnded { return nil }
            if isClosed { throw StreamError.closed }
            let earned = UInt64(received / 1024) * 1_000_000_000
            deadline = began &+ connection.spans.body &+ earned
            await withCheckedContinuation { reader = $0 }
            if wasOverdue { throw APIError(.requestTimeout, "The body took too long") }
            extendWork()
        }
        let part = parts.removeFirst()
        received += part.count
        guard received <= limits.bodyMax else { throw APIError.payloadTooLarge(limits.bodyMax) }
        await connection.consume(id, part.count)
        return part
    }

    func trailers() -> HeaderFields { trailerFields }
}

extension HTTP2Exchange: ResponseSink {
    func send(_ bytes: Bytes) async throws {
        guard !isClosed else { throw StreamError.closed }
        if let left {
            guard UInt64(bytes.count) <= left else { throw StreamError.closed }
            self.left = left - UInt64(bytes.count)
        }
        // While the client is slow, the handler's time stands still; the connection's own timeout judges the client.
        deadline = .max
        defer { extendWork() }
        var isFull = await connection.write(id, bytes)
        partsInARow += 1
        if partsInARow % Self.partsInARowMax == 0 { await connection.loop.yield() }
        while isFull, !isClosed {
            await withCheckedContinuation { writer = $0 }
            isFull = await connection.isFull(id)
        }
        if isClosed { throw StreamError.closed }
    }

    func setTrailers(_ fields: HeaderFields) { answerTrailers = fields }
}

// MARK: Tunnels

extension HTTP2Exchange {
    /// From here on the stream carries messages, not a body: its deadline is that of the reader.
    func becomeTunnel() {
        isTunnel = true
        deadline = .max
    }

    func setTunnelDeadline(_ deadline: MonotonicNanoseconds) {
        self.deadline = deadline
        wasOverdue = false
    }

    func nextTunnelPart() async throws -> TunnelPart {
        while parts.isEmpty {
            if isEnded { return .end }
            if isClosed { throw StreamError.closed }
            if wasOverdue { return .timedOut }
            await withCheckedContinuation { reader = $0 }
        }
        let part = parts.removeFirst()
        await connection.consume(id, part.count)
        return .part(part)
    }

    func tunnelDrained() async throws {
        while await connection.isFull(id), !isClosed {
            await withCheckedContinuation { writer = $0 }
        }
        if isClosed { throw StreamError.closed }
    }
}
