import Synchronization
import Base
import Reactor

/// What a WebSocket runs over: the socket of an HTTP/1 connection, or a stream of an HTTP/2 connection.
protocol WebSocketTransport: AnyObject, Sendable {
    var loop: EventLoop { get }
    /// Bytes that are queued and not yet sent.
    var queued: Int { get }
    var isClosed: Bool { get }

    func setReadDeadline(_ deadline: MonotonicNanoseconds)
    func receive(_ body: (RawSpan) -> Void) async throws -> Arrival
    func write(_ build: (inout [UInt8]) -> Void)
    func write(_ bytes: Bytes)
    func flushSoon()
    /// Waits while more is queued than should be.
    func drained() async throws
    func close()
}

/// The socket of an HTTP/1 connection, with what came behind the handshake.
final class HTTP1Tunnel: WebSocketTransport {
    private let stream: Stream
    private let first: Mutex<[UInt8]>

    init(_ stream: Stream, first: [UInt8]) {
        self.stream = stream
        self.first = Mutex(first)
    }

    var loop: EventLoop { stream.loop }
    var queued: Int { stream.queued }
    var isClosed: Bool { stream.isClosed }

    func setReadDeadline(_ deadline: MonotonicNanoseconds) { stream.setReadDeadline(deadline) }

    func receive(_ body: (RawSpan) -> Void) async throws -> Arrival {
        let early = first.withLock { bytes in
            defer { bytes = [] }
            return bytes
        }
        guard early.isEmpty else {
            unsafe body(early.span.bytes)
            return .bytes
        }
        return try await stream.receive(body)
    }

    func write(_ build: (inout [UInt8]) -> Void) { stream.write(build) }
    func write(_ bytes: Bytes) { stream.write(bytes) }
    func flushSoon() { stream.flushSoon() }
    func drained() async throws { try await stream.drained() }
    func close() { stream.close() }
}
