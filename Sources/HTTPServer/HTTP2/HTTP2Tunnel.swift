import Base
import Reactor

/// A stream of an HTTP/2 connection that carries a WebSocket (RFC 8441).
final class HTTP2Tunnel: WebSocketTransport {
    private let exchange: HTTP2Exchange
    private let connection: HTTP2Connection

    init(_ exchange: HTTP2Exchange, on connection: HTTP2Connection) {
        self.exchange = exchange
        self.connection = connection
        exchange.assumeIsolated { $0.becomeTunnel() }
    }

    var loop: EventLoop { connection.loop }
    var queued: Int { connection.assumeIsolated { $0.queuedCount(exchange.id) } }
    var isClosed: Bool { exchange.assumeIsolated { $0.isClosed } }

    func setReadDeadline(_ deadline: MonotonicNanoseconds) {
        exchange.assumeIsolated { $0.setTunnelDeadline(deadline) }
    }

    func receive(_ body: (RawSpan) -> Void) async throws -> Arrival {
        switch try await exchange.nextTunnelPart() {
        case .part(let bytes):
            unsafe bytes.withUnsafeBytes { unsafe body($0.bytes) }
            return .bytes
        case .end: return .end
        case .timedOut: return .timedOut
        }
    }

    func write(_ build: (inout [UInt8]) -> Void) {
        var bytes: [UInt8] = []
        build(&bytes)
        write(Bytes(bytes))
    }

    func write(_ bytes: Bytes) { connection.assumeIsolated { _ = $0.write(exchange.id, bytes) } }

    /// The connection sends as soon as it may.
    func flushSoon() {}

    func drained() async throws { try await exchange.tunnelDrained() }
    func close() { connection.assumeIsolated { $0.reset(exchange.id, .cancel) } }
}

extension HTTP2Exchange {
    /// What waiting for a part of a tunnel came to.
    enum TunnelPart: Sendable {
        case part(Bytes)
        case end
        case timedOut
    }
}
