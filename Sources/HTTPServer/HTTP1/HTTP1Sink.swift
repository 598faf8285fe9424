import Base
import Reactor
import Wire

/// Writes a streamed body in its framing, and holds it to the length that was announced.
final actor HTTP1Sink: ResponseSink {
    private let connection: HTTP1Connection
    private let chunked: Bool
    private var left: UInt64?
    private var isClosed = false

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe connection.unownedExecutor }

    init(connection: HTTP1Connection, framing: HTTP1Encoder.Framing) {
        self.connection = connection
        if case .length(let length) = framing { left = length }
        if case .chunked = framing { chunked = true } else { chunked = false }
    }

    /// Ends the body; throws when less was written than was announced.
    func finish() throws {
        isClosed = true
        guard left ?? 0 == 0 else { throw StreamError.closed }
    }

    /// Takes no more: what is written later would stand in another answer.
    func close() { isClosed = true }

    func send(_ bytes: Bytes) async throws {
        guard !isClosed else { throw StreamError.closed }
        if let left {
            guard UInt64(bytes.count) <= left else { throw StreamError.closed }
            self.left = left - UInt64(bytes.count)
        }
        try await connection.sendPart(bytes, chunked: chunked)
    }

    func setTrailers(_ fields: HeaderFields) async {
        if !isClosed { await connection.setTrailers(fields) }
    }
}
