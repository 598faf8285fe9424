import Base
import Reactor
import Wire

/// One HTTP/2 connection: feeds the machine, gives each request to a task of its own, and writes what comes out.
@safe actor HTTP2Connection: ServerConnection {
    /// Queued bytes of one answer from which on its handler waits.
    private static let answerHighWater = 64 * 1024
    /// Queued bytes of one answer that are sent at once: they fill a frame.
    private static let frameBytes = 16 * 1024

    nonisolated let loop: EventLoop
    nonisolated let limits: ServerLimits
    nonisolated let spans: ServerLimits.Spans
    private let server: LoopServer
    private let stream: Stream
    private let info: ConnectionInfo
    private let machine: HTTP2Machine
    private var exchanges: [HTTP2StreamID: HTTP2Exchange] = [:]
    private var awaitsPong = false
    private var isPumping = false

    nonisolated let unownedExecutor: UnownedSerialExecutor

    init(stream: Stream, server: LoopServer) {
        unsafe unownedExecutor = stream.loop.asUnownedSerialExecutor()
        self.stream = stream
        self.server = server
        loop = stream.loop
        limits = server.server.limits
        spans = server.server.spans
        info = ConnectionInfo(
            loop: stream.loop, peer: stream.peer, tls: stream.tls, drain: server.server.drain,
            proxies: server.server.proxies)
        machine = HTTP2Machine(limits: server.server.limits.http2)
    }

    // MARK: The connection

    /// Serves until the connection ends; `first` came before this actor took over.
    func run(first: [UInt8]) async {
        stream.writeTimeout = server.server.spans.write
        let pump = { [weak self] () -> Void in self?.assumeIsolated { $0.pump() } }
        (stream.onWritable, stream.onFlush) = (pump, pump)
        stream.onOverdue = { [weak self] in self?.assumeIsolated { $0.checkDeadlines() } }
        if !first.isEmpty { machine.receive(Bytes(first), at: loop.now) }
        do {
            while true {
                pump()
                if machine.isFinished { break }
                // A client that does not take its answers is not asked for more requests.
                try await stream.drained()
                guard try await receive() else { break }
            }
        } catch {
            stream.close()
        }
        await endExchanges()
        if !stream.isClosed { await stream.closeGracefully(deadline: loop.now &+ 2_000_000_000) }
    }

    private func receive() async throws -> Bool {
        stream.setReadDeadline(loop.now &+ server.server.spans.idle)
        let arrival = try await stream.receive { bytes in
            unsafe bytes.withUnsafeBytes { unsafe machine.receive($0, at: loop.now) }
        }
        switch arrival {
        case .bytes: awaitsPong = false
        case .end: return false
        case .timedOut where exchanges.isEmpty || awaitsPong:
            machine.finishShutdown()
            pump()
            return false
        case .timedOut:
            // Requests are open and the client is silent: it may only be waiting, or gone.
            awaitsPong = true
            machine.ping(loop.now)
        }
        return true
    }

    private func endExchanges() async {
        for exchange in exchanges.values { await exchange.close() }
        for exchange in exchanges.values { await exchange.task?.value }
        exchanges = [:]
    }

    func adopt(_ task: Task<Void, Never>?) {}

    func drain() {
        machine.beginShutdown()
        pump()
    }

    func closeIfIdle() {
        machine.finishShutdown()
        pump()
    }

    func abort() {
        for exchange in exchanges.values { exchange.assumeIsolated { $0.close() } }
        stream.close()
    }

    private func checkDeadlines() {
        for exchange in exchanges.values { exchange.assumeIsolated { $0.checkDeadline(loop.now) } }
        if !exchanges.isEmpty { stream.setWorkDeadline(loop.now &+ 1_000_000_000) }
    }

    // MARK: Between the machine and the socket

    /// Handles what happened and sends what is to be sent, as long as the socket takes it.
    private func pump() {
        // A handler that answers at once comes back here while the events are being walked.
        guard !isPumping else { return }
        isPumping = true
        defer { isPumping = false }
        repeat {
            var events = machine.takeEvents()
            while !events.isEmpty {
                for event in events { handle(event) }
                events = machine.takeEvents()
            }
            guard machine.hasOutput, stream.queued < stream.highWater else { break }
            stream.write { machine.takeOutput(appendingTo: &$0) }
            stream.flush()
        } while !stream.isClosed
        // Nothing follows: what waits to read need not wait any longer.
        if machine.isFinished { stream.setReadDeadline(loop.now) }
    }

    private func handle(_ event: HTTP2Event) {
        switch event {
        case .request(let id, let head): begin(id, head)
        case .refused(let id, let status): refuse(id, status)
        case .data(let id, let bytes): exchanges[id]?.assumeIsolated { $0.add(bytes) }
        case .end(let id, let trailers): exchanges[id]?.assumeIsolated { $0.end(trailers) }
        case .closed(let id, _): exchanges.removeValue(forKey: id)?.assumeIsolated { $0.close() }
        case .drained(let id): exchanges[id]?.assumeIsolated { $0.drained() }
        case .pong, .goaway, .failed: break
        }
    }

    // MARK: Requests

    private func begin(_ id: HTTP2StreamID, _ head: HTTP2RequestHead) {
        if exchanges.isEmpty { stream.setWorkDeadline(loop.now &+ 1_000_000_000) }
        let mustContinue = head.fields.bytes("expect")?.equalsIgnoringCase("100-continue") ?? false
        let exchange = HTTP2Exchange(
            id, on: self, now: loop.now, mustContinue: mustContinue && !head.endsStream)
        exchanges[id] = exchange
        let length = head.fields["content-length"].flatMap { UInt64($0) }
        var request = Request(
            method: head.method, target: head.path, fields: head.fields, version: .http2,
            body: head.endsStream ? .empty : .arriving(length: length, exchange),
            id: server.server.ids.requestID(), connection: info)
        var objection: APIError?
        if length ?? 0 > UInt64(limits.bodyMax) { objection = .payloadTooLarge(limits.bodyMax) }
        if head.fields.contains("expect"), !mustContinue { objection = APIError(.expectationFailed) }
        if let objection {
            let response = Envelope.failure(objection)
            server.record(request, nil, response)
            return answer(response, id, isHead: head.method == .head, request.id)
        }
        if let upgrade = head.upgradeProtocol {
            // An extended CONNECT stands where HTTP/1 has a GET with Upgrade.
            request.upgradeProtocol = upgrade
            request.method = .get
        }
        let ready = request
        exchange.assumeIsolated { $0.start { await self.serve(ready, $0) } }
    }

    private func refuse(_ id: HTTP2StreamID, _ status: Int) {
        let response = Envelope.failure(APIError(status == 414 ? .uriTooLong : .headersTooLarge))
        let requestID = server.server.ids.requestID()
        server.recordRefusal(requestID, response, .http2, from: stream.peer)
        answer(response, id, isHead: false, requestID)
    }

    private func serve(_ request: Request, _ exchange: HTTP2Exchange) async {
        let responder = server.server.responder
        var request = request
        let route = responder.route(&request)
        if let patience = request.route?.patience, patience > .zero { await exchange.wait(patience) }
        let response = await respond(request, responder)
        server.record(request, route, response)
        let isHead = request.method == .head
        switch response.body {
        case .webSocket(let upgrade):
            sendHead(response, exchange.id, length: nil, ends: false, request.id)
            stream.flushSoon()
            let socket = upgrade.connection(over: HTTP2Tunnel(exchange, on: self))
            await socket.run(upgrade.handler)
            machine.finish(exchange.id)
            pump()
        case .stream(let length, let produce) where !isHead && !response.status.forbidsBody:
            sendHead(response, exchange.id, length: length, ends: false, request.id)
            stream.flushSoon()
            await exchange.expect(length)
            await send(produce, exchange)
        default: answer(response, exchange.id, isHead: isHead, request.id)
        }
    }

    private func respond(_ request: Request, _ responder: Responder) async -> Response {
        await TraceContext.$current.withValue(request.trace) {
            _ = self
            return await responder.respond(to: request)
        }
    }

    /// Sends an answer whose body is at hand.
    private func answer(_ response: Response, _ id: HTTP2StreamID, isHead: Bool, _ requestID: RequestID) {
        var body = Bytes()
        var length: UInt64? = 0
        switch response.body {
        case .bytes(let bytes): (body, length) = (bytes, UInt64(bytes.count))
        case .stream(let announced, _): length = announced
        case .empty, .webSocket: break
        }
        if response.status.forbidsBody { length = nil }
        // Nobody reads what may still come of the request.
        machine.dropBody(id)
        let ends = isHead || body.isEmpty || response.status.forbidsBody
        sendHead(response, id, length: length, ends: ends, requestID)
        if !ends {
            machine.write(id, body)
            machine.finish(id)
        }
        pump()
    }

    private func send(_ produce: @Sendable (ResponseWriter) async throws -> Void, _ exchange: HTTP2Exchange)
        async
    {
        do {
            try await produce(ResponseWriter(sink: exchange))
            guard await exchange.isFulfilled else { throw StreamError.closed }
            machine.finish(exchange.id, trailers: await exchange.trailersToSend)
        } catch {
            // Whatever it was, the client must not take half an answer for a whole one.
            machine.reset(exchange.id, .internalError)
        }
        pump()
    }

    private func sendHead(
        _ response: Response, _ id: HTTP2StreamID, length: UInt64?, ends: Bool, _ requestID: RequestID
    ) {
        var fields = response.fields
        if let length { fields.append("content-length", String(length)) }
        var name: [UInt8] = []
        requestID.append(to: &name)
        fields.append("x-request-id", Bytes(name))
        fields.append("date", server.date)
        machine.respond(id, status: response.status.code, fields: fields, ends: ends)
    }

    // MARK: For exchanges

    /// Queues a part of an answer; true when its handler should wait.
    func write(_ id: HTTP2StreamID, _ bytes: Bytes) -> Bool {
        machine.write(id, bytes)
        // Small parts that are written within one turn of the loop share a frame, and frames a write.
        if machine.queuedCount(id) < Self.frameBytes { stream.flushSoon() } else { pump() }
        return isFull(id)
    }

    func queuedCount(_ id: HTTP2StreamID) -> Int { machine.queuedCount(id) }

    func isFull(_ id: HTTP2StreamID) -> Bool { machine.queuedCount(id) > Self.answerHighWater }

    func consume(_ id: HTTP2StreamID, _ count: Int) {
        machine.consume(id, count)
        pump()
    }

    func sendContinue(_ id: HTTP2StreamID) {
        machine.respondInterim(id, status: 100)
        pump()
    }

    func reset(_ id: HTTP2StreamID, _ code: HTTP2ErrorCode) {
        machine.reset(id, code)
        pump()
    }
}
