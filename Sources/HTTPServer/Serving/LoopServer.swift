import Base
import Reactor

/// A connection as the server sees it.
protocol ServerConnection: Actor {
    /// Serves no more than what is in flight; idle ones go on until `closeIfIdle`.
    func drain()
    /// Closes the connection unless a request is being served.
    func closeIfIdle()
    /// Closes the connection, whatever it does.
    func abort()
    /// Takes note of the task in which it is served.
    func adopt(_ task: Task<Void, Never>?)
}

/// What the connections of one loop share.
// SAFETY: touched on its loop only, which each entry asserts; Sendable only so that actors of that loop hold it.
final class LoopServer: @unchecked Sendable {
    let loop: EventLoop
    let server: ServerCore
    private var recorder: RequestRecorder
    private(set) var isDraining = false
    private(set) var isClosingIdle = false
    private var connections: [ObjectIdentifier: any ServerConnection] = [:]
    private var dateDue: MonotonicNanoseconds = 0
    private var dateBytes: [UInt8] = []

    init(loop: EventLoop, server: ServerCore) {
        self.loop = loop
        self.server = server
        recorder = RequestRecorder(server, shard: loop.index)
    }

    var count: Int { connections.count }

    func add(_ connection: any ServerConnection) {
        precondition(loop.isCurrent, "not on this loop")
        connections[ObjectIdentifier(connection)] = connection
        server.metrics.connections.add(shard: loop.index)
        server.metrics.accepted.add(shard: loop.index)
    }

    func remove(_ connection: any ServerConnection, from host: String) {
        connections[ObjectIdentifier(connection)] = nil
        server.metrics.connections.subtract(shard: loop.index)
        server.admission.leave(host)
    }

    /// Counts and logs an answer.
    func record(_ request: Request, _ route: Int?, _ response: Response) {
        recorder.record(request, route: route, response.status, now: EventLoop.clock())
    }

    /// Counts and logs an answer to what never became a request.
    func recordRefusal(
        _ id: RequestID, _ response: Response, _ version: HTTPVersion, from peer: SocketAddress
    ) {
        recorder.recordRefusal(id, response.status, version, from: peer)
    }

    /// The `date` line of an answer, made once a second.
    var dateLine: [UInt8] {
        if loop.now >= dateDue {
            dateDue = loop.now &+ 1_000_000_000 - loop.now % 1_000_000_000
            dateBytes.removeAll(keepingCapacity: true)
            dateBytes.append("date: ")
            Clocks.system.now.appendHTTPDate(to: &dateBytes)
            dateBytes.append("\r\n")
        }
        return dateBytes
    }

    /// The value of an answer's `date`.
    var date: Bytes { Bytes(dateLine[6..<dateLine.count - 2]) }

    func drain() {
        isDraining = true
        for connection in connections.values { connection.assumeIsolated { $0.drain() } }
    }

    func closeIdle() {
        isClosingIdle = true
        for connection in connections.values { connection.assumeIsolated { $0.closeIfIdle() } }
    }

    func abortAll() {
        for connection in connections.values { connection.assumeIsolated { $0.abort() } }
    }
}
