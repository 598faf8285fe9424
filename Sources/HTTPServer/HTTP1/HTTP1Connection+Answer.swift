import Base
import Reactor
import Wire

// How answers go out: head, body at hand, and bodies that are streamed.
extension HTTP1Connection {
    /// A streamed answer whose client takes everything would otherwise never let go of the loop.
    private static let partsInARowMax = 16

    /// Queues an answer's head and the body that is at hand; false when the connection must end behind it.
    ///
    /// Without a request, which is what a nil `head` says, it always must.
    func writeHead(_ response: Response, to head: HTTP1Head?, id: RequestID) -> Bool {
        let isHead = head?.method == .head
        let isOld = head?.minorVersion == 0
        let keepAlive =
            (head?.keepAlive ?? false) && !isOverdue && body.mayBeReadOver(head, parser)
            && !(isDraining && isLast)
        let framing = framing(response, isOld: isOld)
        let bodyBytes: Bytes? = if case .bytes(let bytes) = response.body, !isHead { bytes } else { nil }
        var endsKept = keepAlive
        if case .untilClose = framing { endsKept = false }
        stream.write {
            HTTP1Encoder.head(
                of: response, framing: framing, keepAlive: endsKept, isOld: isOld, id: id,
                date: server.dateLine,
                to: &$0)
        }
        if let bodyBytes, !response.status.forbidsBody { stream.write(bodyBytes) }
        return endsKept
    }

    func send() {
        // Answers to pipelined requests that have arrived already go out together.
        if intake.hasMore, stream.queued < 32 * 1024 {
            stream.flushSoon()
        } else {
            stream.flush()
        }
    }

    /// Whether no request stands behind this one; what has arrived before the server stops is still answered.
    private var isLast: Bool {
        if intake.hasMore { return false }
        guard parser.isComplete else { return true }
        // A connection that is broken says so to whoever reads next.
        let arrival = try? stream.receiveNow { intake.feed($0) }
        if case .bytes? = arrival { return false }
        return true
    }

    func framing(_ response: Response, isOld: Bool) -> HTTP1Encoder.Framing {
        guard !response.status.forbidsBody else { return .none }
        switch response.body {
        case .empty, .webSocket: return .length(0)
        case .bytes(let bytes): return .length(UInt64(bytes.count))
        case .stream(let length?, _): return .length(length)
        case .stream(nil, _): return isOld ? .untilClose : .chunked
        }
    }

    func write(
        _ produce: @Sendable (ResponseWriter) async throws -> Void, _ framing: HTTP1Encoder.Framing
    ) async throws {
        trailersOut = HeaderFields()
        let sink = HTTP1Sink(connection: self, framing: framing)
        stream.flushSoon()
        do {
            try await produce(ResponseWriter(sink: sink))
            try await sink.finish()
        } catch {
            await sink.close()
            // An end in good order would tell this client that it has the whole answer.
            if case .untilClose = framing { stream.reset() }
            throw error
        }
        guard case .chunked = framing else { return }
        stream.write {
            $0.append("0\r\n")
            trailersOut.append(to: &$0)
            $0.append("\r\n")
        }
    }

    func sendPart(_ bytes: Bytes, chunked: Bool) async throws {
        if chunked { stream.write { HTTP1Encoder.chunkSize(bytes.count, to: &$0) } }
        stream.write(bytes)
        if chunked { stream.write { $0.append("\r\n") } }
        stream.flushSoon()
        if stream.isClosed { throw StreamError.closed }
        partsInARow += 1
        if partsInARow % HTTP1Connection.partsInARowMax == 0 { await server.loop.yield() }
        try await stream.drained()
    }

    func setTrailers(_ fields: HeaderFields) { trailersOut = fields }
}
