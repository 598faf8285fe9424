import Base
import Reactor
public import Wire

/// Answers that are streams of server-sent events.
public enum EventStream {
    /// How long a stream may be silent before a comment shows proxies, and us, whether the client is still there.
    public static let heartbeat = Duration.seconds(15)

    /// An answer that sends each event as it comes, until there are no more, the client is gone or the server stops.
    ///
    /// A client that takes less than is sent slows the sequence down. The sequence must end its waiting when its
    /// task is cancelled: that is how it learns of such an end.
    public static func response<Events: AsyncSequence & Sendable>(
        to request: Request, heartbeat: Duration = EventStream.heartbeat, _ events: Events
    ) -> Response where Events.Element == ServerSentEvent {
        let connection = request.connection
        return .stream(fields: fields) { writer in
            try await EventPump(on: connection.loop, writer, heartbeat).run(events, until: connection.drain)
        }
    }

    private static let fields: HeaderFields = [
        "content-type": "text/event-stream",
        "cache-control": "no-store",
        // nginx would otherwise hold events back until its buffer is full.
        "x-accel-buffering": "no",
    ]
}

extension Request {
    /// The id of the last event that a client has seen before it lost its connection.
    public var lastEventID: String? {
        guard let id = fields["last-event-id"], !id.isEmpty else { return nil }
        return id
    }
}

/// Carries events from a sequence to a client, with heartbeats in between. It lives on the connection's loop.
private actor EventPump {
    private let loop: EventLoop
    private let writer: ResponseWriter
    private let heartbeat: Duration
    private var isSending = false
    private var lastSent: MonotonicNanoseconds
    private var waiter: CheckedContinuation<Void, Never>?

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    init(on loop: EventLoop, _ writer: ResponseWriter, _ heartbeat: Duration) {
        self.loop = loop
        self.writer = writer
        self.heartbeat = heartbeat
        lastSent = loop.now
    }

    func run<Events: AsyncSequence & Sendable>(_ events: Events, until drain: DrainSignal) async throws
    where Events.Element == ServerSentEvent {
        try await withThrowingTaskGroup(of: Void.self) { group in
            // Immediate: they start here, on the loop, and never see the global pool.
            group.addImmediateTask { try await self.forward(events) }
            group.addImmediateTask { try await self.beat() }
            group.addImmediateTask { await drain.wait() }
            // Whichever ends first ends the others: there are no more events, no client, or soon no server.
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func forward<Events: AsyncSequence & Sendable>(_ events: Events) async throws
    where Events.Element == ServerSentEvent {
        var iterator = events.makeAsyncIterator()
        while let event = try await iterator.next(isolation: self) {
            var text: [UInt8] = []
            event.encode(onto: &text)
            try await send(Bytes(text))
        }
    }

    private func beat() async throws {
        var comment: [UInt8] = []
        ServerSentEvent.encodeComment(onto: &comment)
        while true {
            let silence = Duration.nanoseconds(Int64(clamping: EventLoop.clock() &- lastSent))
            try await loop.sleep(for: max(heartbeat - silence, .milliseconds(1)))
            guard !isSending, EventLoop.clock() &- lastSent >= heartbeat.nanoseconds else { continue }
            try await send(Bytes(comment))
        }
    }

    /// Sends one thing at a time: the connection's buffer has room for one who waits.
    private func send(_ bytes: Bytes) async throws {
        while isSending { await withCheckedContinuation { waiter = $0 } }
        isSending = true
        lastSent = loop.now
        defer {
            isSending = false
            waiter?.resume()
            waiter = nil
        }
        try await writer.write(bytes)
    }
}
