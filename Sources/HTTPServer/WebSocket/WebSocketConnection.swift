public import Base
public import Reactor
public import Wire

/// What a client sent.
public enum WebSocketMessage: Sendable, Equatable {
    case text(Bytes)
    case binary(Bytes)
}

/// An open WebSocket on its loop.
///
/// Pings, pongs and the close handshake are answered while the handler does whatever it does. A handler that does
/// not take messages slows the client down; a client that does not take messages makes `send` wait.
public actor WebSocketConnection {
    private let transport: any WebSocketTransport
    private let settings: WebSocketSettings
    private var machine: WebSocketMachine
    private var inbox: [WebSocketMessage] = []
    private var isOver = false
    private var taker: CheckedContinuation<Void, Never>?
    private var giver: CheckedContinuation<Void, Never>?
    private var work: Task<Void, Never>?
    private var awaitsPong = false
    private var closeDeadline: MonotonicNanoseconds?

    /// The subprotocol that was agreed on.
    public nonisolated let subprotocol: String?
    /// How the client closed, once it has.
    public private(set) var closeCode: WebSocketCloseCode?
    /// The loop that the connection lives on.
    public nonisolated let loop: EventLoop

    /// The connection's loop.
    public nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    init(_ transport: any WebSocketTransport, _ agreement: WebSocketAgreement, _ settings: WebSocketSettings)
    {
        self.transport = transport
        self.settings = settings
        loop = transport.loop
        subprotocol = agreement.subprotocol
        machine = WebSocketMachine(
            role: .server, isCompressed: agreement.isCompressed, messageBytesMax: settings.messageBytesMax)
    }

    // MARK: For handlers

    /// The next message; nil when the WebSocket is closed.
    public func receive() async -> WebSocketMessage? {
        while inbox.isEmpty {
            if isOver { return nil }
            await withCheckedContinuation { taker = $0 }
        }
        let message = inbox.removeFirst()
        wake(&giver)
        return message
    }

    /// Sends a text, which must be UTF-8; waits while the client is slow, throws when it is gone.
    public func send(text: Bytes) async throws {
        transport.write { machine.send(text: text, onto: &$0) }
        try await sent()
    }

    /// Sends bytes; waits while the client is slow, throws when it is gone.
    public func send(binary: Bytes) async throws {
        transport.write { machine.send(binary: binary, onto: &$0) }
        try await sent()
    }

    /// Queues a message that many connections share, without waiting; false when the client is too slow or gone.
    public func offer(_ message: PreparedMessage) -> Bool {
        guard transport.queued < settings.outboxBytesMax, !transport.isClosed,
            let frame = machine.frame(of: message)
        else { return false }
        transport.write(frame)
        transport.flushSoon()
        return true
    }

    /// Closes with a code and a reason; `receive` gives nil once the client has answered.
    public func close(_ code: WebSocketCloseCode = .normal, _ reason: String = "") {
        guard machine.isOpen else { return }
        transport.write { machine.close(code, reason, onto: &$0) }
        transport.flushSoon()
        closeDeadline = loop.now &+ settings.closeTimeout.nanoseconds
        transport.setReadDeadline(loop.now &+ settings.closeTimeout.nanoseconds)
        // What waits for the client's answer is read no further than that.
        wake(&giver)
    }

    private func sent() async throws {
        transport.flushSoon()
        guard machine.isOpen, !transport.isClosed else { throw StreamError.closed }
        try await transport.drained()
    }

    // MARK: For the server

    /// The server stops: tells the client to come back.
    func goAway() { close(.goingAway, "the server stops") }

    /// Runs the handler and the protocol until both are over.
    func run(_ handler: @escaping WebSocketHandler) async {
        work = Task { await serve(handler) }
        // A connection that breaks is over like one that is closed.
        try? await readAll()
        isOver = true
        wake(&taker)
        work?.cancel()
        await work?.value
    }

    private func serve(_ handler: WebSocketHandler) async {
        do {
            try await handler(self)
            close()
        } catch is CancellationError {
            close(.goingAway)
        } catch {
            close(.internalError, "the server failed")
        }
        // Nobody takes what still comes: the close handshake is all that is waited for.
        isOver = true
        inbox = []
        wake(&giver)
    }

    private func readAll() async throws {
        while !machine.isEnded {
            let deadline = closeDeadline ?? loop.now &+ settings.pingInterval.nanoseconds
            transport.setReadDeadline(deadline)
            var events: [WebSocketEvent] = []
            let arrival = try await transport.receive { bytes in
                var offset = 0
                transport.write { output in
                    while let event = machine.next(in: bytes, at: &offset, output: &output) {
                        events.append(event)
                    }
                }
            }
            transport.flushSoon()
            switch arrival {
            case .bytes: awaitsPong = false
            case .end: return
            case .timedOut: if try !ping() { return }
            }
            for event in events { try await handle(event) }
        }
        try await transport.drained()
    }

    /// False when the client has been asked already, or does not answer our close.
    private func ping() throws -> Bool {
        guard !awaitsPong, closeDeadline == nil else {
            transport.close()
            return false
        }
        awaitsPong = true
        transport.write { machine.ping(onto: &$0) }
        transport.flushSoon()
        return true
    }

    private func handle(_ event: WebSocketEvent) async throws {
        switch event {
        case .text(let text): await put(.text(text))
        case .binary(let bytes): await put(.binary(bytes))
        case .ping:
            // Pongs are bounded like everything else: a client that only asks waits until it has read.
            try await transport.drained()
        case .pong: break
        case .closed(let code, _): closeCode = code
        case .failed(let failure): closeCode = failure.code
        }
    }

    private func put(_ message: WebSocketMessage) async {
        while inbox.count >= settings.inboxMax, !isOver, closeDeadline == nil {
            await withCheckedContinuation { giver = $0 }
        }
        guard !isOver else { return }
        inbox.append(message)
        wake(&taker)
    }

    private func wake(_ waiter: inout CheckedContinuation<Void, Never>?) {
        guard let continuation = waiter else { return }
        waiter = nil
        loop.resume(continuation)
    }
}
