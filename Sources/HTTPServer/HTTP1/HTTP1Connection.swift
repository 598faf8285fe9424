import Base
import Reactor
import Wire

/// One HTTP/1 connection: reads a request, has it answered, writes the answer, and begins again.
///
/// It is pinned to its loop, and so are the handlers that it calls. While idle it holds no buffer.
@safe actor HTTP1Connection: ServerConnection {
    private enum Phase {
        /// Between requests → head, closed
        case idle
        /// → handling, idle
        case head
        /// → idle
        case handling
    }

    private static let requestsInARowMax = 64
    /// Why serving ended.
    enum Outcome {
        case over
        /// Nothing has come for a while; whoever holds the connection waits for more.
        case silent
    }

    let server: LoopServer
    let stream: Stream
    private let info: ConnectionInfo
    private var task: Task<Void, Never>?
    private var phase = Phase.idle
    private(set) var isDraining = false
    private(set) var isOverdue = false
    private var isSilent = false
    /// Whether a handler is at work, so that its time is counted.
    private(set) var isHandling = false
    /// How much longer than others the handler may take.
    private(set) var patience: MonotonicNanoseconds = 0
    private var webSocket: WebSocketConnection?

    var intake: HTTP1Intake
    var body = HTTP1BodyProgress()
    var trailersOut = HeaderFields()
    var partsInARow = 0

    nonisolated let unownedExecutor: UnownedSerialExecutor

    /// `first` came before this actor took over.
    init(stream: Stream, server: LoopServer, first: [UInt8]) {
        unsafe unownedExecutor = stream.loop.asUnownedSerialExecutor()
        self.stream = stream
        self.server = server
        info = ConnectionInfo(
            loop: stream.loop, peer: stream.peer, tls: stream.tls, drain: server.server.drain,
            proxies: server.server.proxies)
        intake = HTTP1Intake(limits: server.server.limits.head, first: first)
    }

    var parser: HTTP1Parser { intake.parser }
    var limits: ServerLimits { server.server.limits }

    // MARK: The connection

    /// Serves until the connection ends.
    func run() async -> Outcome {
        stream.writeTimeout = server.server.spans.write
        stream.onOverdue = { [weak self] in self?.assumeIsolated { $0.overdue() } }
        // Nobody is left to be answered.
        stream.onBroken = { [weak self] in self?.assumeIsolated { $0.task?.cancel() } }
        do {
            var served = 0
            while true {
                // What has arrived already needs no waiting, and so no suspension.
                intake.parser.next()
                var head = intake.headAtHand()
                if head == nil { head = try await nextHead() }
                guard let head else {
                    if isSilent { return .silent }
                    break
                }
                guard try await serve(head) else { break }
                phase = .idle
                served &+= 1
                // Pipelined requests take turns with everybody else's.
                if served % Self.requestsInARowMax == 0, intake.hasMore {
                    await server.loop.yield()
                }
            }
        } catch {
            stream.close()
        }
        if !stream.isClosed { await stream.closeGracefully(deadline: server.loop.now &+ 2_000_000_000) }
        return .over
    }

    func drain() {
        isDraining = true
        webSocket?.assumeIsolated { $0.goAway() }
    }

    func closeIfIdle() {
        // What has arrived already is still answered: the deadline ends only a wait for nothing.
        if case .idle = phase { stream.setReadDeadline(0) }
    }

    func abort() {
        task?.cancel()
        stream.close()
    }

    func adopt(_ task: Task<Void, Never>?) { self.task = task }

    // MARK: Reading

    /// Waits for the next request's head; nil when no more are to be served.
    private func nextHead() async throws -> HTTP1Head? {
        var began: MonotonicNanoseconds?
        // Empty lines before a request do not count as one.
        let silentAt = server.loop.now &+ server.server.spans.park
        while true {
            intake.feedPending()
            if let failure = parser.failure {
                refuse(failure)
                return nil
            }
            if let head = parser.takeHead() { return head }
            if parser.isInMessage, began == nil {
                began = server.loop.now
                phase = .head
            }
            stream.setReadDeadline(began.map { $0 &+ server.server.spans.head } ?? silentAt)
            switch try await stream.receive({ intake.feed($0) }) {
            case .bytes: continue
            case .end: return nil
            case .timedOut:
                if began != nil {
                    refuse(APIError(.requestTimeout, "The head took too long"))
                } else {
                    isSilent = true
                }
                return nil
            }
        }
    }

    private func refuse(_ failure: HTTP1Failure) {
        let error: APIError =
            switch failure {
            case .malformed(let why): APIError(.badRequest, "The request is not HTTP/1.1: \(why)")
            case .targetTooLong: APIError(.uriTooLong)
            case .headersTooLarge, .tooManyFields: APIError(.headersTooLarge)
            case .versionNotSupported: APIError(.httpVersionNotSupported)
            case .transferEncodingNotSupported:
                APIError(.badRequest, "This transfer-encoding is not supported")
            case .hostMissing: APIError(.badRequest, "There must be one Host")
            }
        refuse(error)
    }

    /// Says what is wrong with what is no request; the connection ends behind it.
    private func refuse(_ error: APIError) {
        let (response, id) = (Envelope.failure(error), server.server.ids.requestID())
        server.recordRefusal(id, response, .http11, from: stream.peer)
        _ = writeHead(response, to: nil, id: id)
        send()
    }

    // MARK: Serving

    /// Has one request answered; false when the connection must end.
    private func serve(_ head: HTTP1Head) async throws -> Bool {
        phase = .handling
        let id = server.server.ids.requestID()
        body = HTTP1BodyProgress(began: server.loop.now)
        let objection = objection(to: head)
        var request = Request(
            method: head.method, target: Self.originForm(head.target), fields: head.fields,
            version: head.minorVersion == 1 ? .http11 : .http10,
            body: objection == nil ? requestBody(head) : .empty, id: id, connection: info)
        if let objection {
            let response = Envelope.failure(objection)
            server.record(request, nil, response)
            _ = writeHead(response, to: nil, id: id)
            send()
            return false
        }
        isHandling = true
        extendWork()
        let responder = server.server.responder
        let route = responder.route(&request)
        patience = request.route?.patience.nanoseconds ?? 0
        if patience > 0 { extendWork() }
        let response = await respond(request, responder)
        server.record(request, route, response)
        isHandling = false
        patience = 0
        stream.setWorkDeadline(.max)
        if case .webSocket(let upgrade) = response.body {
            return try await becomeWebSocket(response, upgrade, head, id)
        }
        // Within the answer there is no place for it any more.
        if case .stream = response.body { sendContinue() }
        var keepAlive = writeHead(response, to: head, id: id)
        if case .stream(_, let produce) = response.body, head.method != .head, !response.status.forbidsBody {
            try await write(produce, framing(response, isOld: head.minorVersion == 0))
        }
        keepAlive = keepAlive && !stream.isClosed
        send()
        if stream.queued > stream.highWater { try await stream.drained() }
        guard keepAlive else { return false }
        return await skipBody()
    }

    /// The trace is set here and not further in: only from within an actor does the closure stay on the loop.
    private func respond(_ request: Request, _ responder: Responder) async -> Response {
        await TraceContext.$current.withValue(request.trace) {
            _ = self
            return await responder.respond(to: request)
        }
    }

    private func objection(to head: HTTP1Head) -> APIError? {
        if let expectation = head.fields.bytes("expect") {
            guard expectation.equalsIgnoringCase("100-continue") else { return APIError(.expectationFailed) }
            body.mustContinue = head.minorVersion == 1 && !parser.isComplete
        }
        if case .length(let length) = head.framing, length > UInt64(limits.bodyMax) {
            return .payloadTooLarge(limits.bodyMax)
        }
        return parser.bodyCount > limits.bodyMax ? .payloadTooLarge(limits.bodyMax) : nil
    }

    private func requestBody(_ head: HTTP1Head) -> RequestBody {
        if parser.isComplete, !parser.hasTrailers {
            let whole = parser.takeBody()
            return whole.isEmpty ? .empty : .complete(whole)
        }
        if case .length(let length) = head.framing { return .arriving(length: length, self) }
        return .arriving(length: nil, self)
    }

    /// The path and query of a target that names the whole address, as proxies are asked.
    private static func originForm(_ target: Bytes) -> Bytes {
        guard target.first != UInt8(ascii: "/") else { return target }
        for scheme in ["http://", "https://"] as [StaticString] {
            let length = scheme.utf8CodeUnitCount
            guard target.count > length, target.part(0, length).equalsIgnoringCase(scheme) else { continue }
            let rest = target.part(length, target.count - length)
            guard let slash = rest.firstIndex(of: UInt8(ascii: "/")) else { return "/" }
            return rest.part(slash, rest.count - slash)
        }
        return target
    }

    private func overdue() {
        guard !isOverdue else { return abort() }
        isOverdue = true
        task?.cancel()
        // A handler that does not heed the cancellation costs its connection.
        stream.setWorkDeadline(server.loop.now &+ 5_000_000_000)
    }

    private func becomeWebSocket(
        _ response: Response, _ upgrade: WebSocketUpgrade, _ head: HTTP1Head, _ id: RequestID
    ) async throws -> Bool {
        stream.write {
            HTTP1Encoder.head(
                of: response, framing: .none, keepAlive: true, isOld: false, id: id, date: server.dateLine,
                to: &$0)
        }
        stream.flush()
        let socket = upgrade.connection(over: HTTP1Tunnel(stream, first: intake.takeRest()))
        webSocket = socket
        if isDraining { await socket.goAway() }
        await socket.run(upgrade.handler)
        webSocket = nil
        return false
    }

}
