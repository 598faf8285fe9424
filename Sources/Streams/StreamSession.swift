import Base
import HTTPServer
import Identity
import Kernel
import Synchronization
import Wire

/// One WebSocket: any number of subscriptions, each with a cursor of its own, within what its caller may read.
actor StreamSession {
    /// Messages that a client may send at once, and the time in which one more may come: each may begin a read.
    private static let messagesBurst = 50
    private static let messageInterval = Duration.milliseconds(100)

    /// Subscriptions that one connection may have.
    static let subscriptionsMax = 100

    private struct Subscription {
        let request: StreamRequest
        let task: Task<Void, Never>
        let progress: Progress
    }

    /// How far a subscription has come, for whoever takes it over.
    private final class Progress: Sendable {
        private let position: Mutex<Position?>
        init(_ position: Position?) { self.position = Mutex(position) }
        var value: Position? { position.withLock { $0 } }
        func reached(_ new: Position) { position.withLock { $0 = new } }
    }

    private let socket: WebSocketConnection
    private let log: EventLog
    private var caller: Caller
    /// When the client may send a whole burst again.
    private var restedAt = ContinuousClock.now
    private var subscriptions: [String: Subscription] = [:]

    init(_ socket: WebSocketConnection, _ log: EventLog, _ caller: Caller) {
        self.socket = socket
        self.log = log
        self.caller = caller
    }

    /// Serves the socket until it is closed, or its caller is let in no more.
    func run(_ watch: CallerWatch) async throws {
        defer { for subscription in subscriptions.values { subscription.task.cancel() } }
        try await withThrowingTaskGroup(of: Void.self) { group in
            group.addTask {
                while let message = await self.socket.receive() { try await self.take(message) }
            }
            group.addTask {
                await watch.run { await self.become($0) }
                guard !Task.isCancelled else { return }
                await self.socket.close(.policyViolation, "the credential has ended")
            }
            defer { group.cancelAll() }
            try await group.next()
        }
    }

    private func take(_ message: WebSocketMessage) async throws {
        // Whoever sends more is read more slowly, and told nothing: a client that behaves never gets here.
        restedAt = max(restedAt, .now) + Self.messageInterval
        try await Task.sleep(until: restedAt - Self.messageInterval * Self.messagesBurst)
        guard case .text(let text) = message else {
            return try await complain("BAD_REQUEST", "Messages are texts")
        }
        do throws(StreamRequest.Mistake) {
            let request = try StreamRequest(text)
            try await obey(request)
        } catch {
            try await complain("VALIDATION_FAILED", error.message)
        }
    }

    private func obey(_ request: StreamRequest) async throws(StreamRequest.Mistake) {
        switch request.action {
        case .ping: await say("pong", request.name)
        case .unsubscribe:
            subscriptions.removeValue(forKey: request.name)?.task.cancel()
            await say("unsubscribed", request.name)
        case .subscribe:
            guard mayRead(request.scope) else {
                await refuse(request.name)
                return
            }
            guard subscriptions[request.name] != nil || subscriptions.count < Self.subscriptionsMax else {
                throw StreamRequest.Mistake(message: "at most \(Self.subscriptionsMax) subscriptions")
            }
            subscriptions.removeValue(forKey: request.name)?.task.cancel()
            await say("subscribed", request.name)
            begin(request, from: request.start)
        }
    }

    /// Whether anything of a scope is within reach; what exactly, the filter of each reader says.
    private func mayRead(_ scope: EventFilter.Scope) -> Bool {
        guard caller.may(.chatsRead), !caller.reach.read.isEmpty else { return false }
        guard case .of(let chats, let sources) = scope, chats.count + sources.count == 1 else { return true }
        if let chat = chats.first {
            // A chat may be reached through a bot that was granted: then the filter decides.
            return caller.reach.read.mayHold(chat: chat)
        }
        return sources.first.map { caller.reach.read.mayHold(source: $0) } ?? false
    }

    private func begin(_ request: StreamRequest, from start: ReadStart) {
        let filter = EventFilter(request.scope, granted: caller.reach.read.scopes, kinds: request.kinds)
        var first: Position?
        if case .after(let position) = start { first = position }
        let progress = Progress(first)
        let (log, socket) = (log, socket)
        let task = Task {
            do {
                let reader = try await log.reader(filter, from: start)
                progress.reached(reader.position)
                while !Task.isCancelled {
                    for event in try await reader.next() {
                        // What was granted may have been taken back while the client was slow.
                        try Task.checkCancellation()
                        var writer = JSONWriter()
                        event.write(to: &writer, subscription: request.name)
                        try await socket.send(text: writer.finish())
                        progress.reached(event.position)
                    }
                    progress.reached(reader.position)
                }
            } catch {
                await self.ended(request.name, error)
            }
        }
        subscriptions[request.name] = Subscription(request: request, task: task, progress: progress)
    }

    /// Something about the caller has changed: each subscription goes on from where it is, with what is granted now.
    private func become(_ caller: Caller) async {
        self.caller = caller
        for (name, subscription) in subscriptions {
            subscription.task.cancel()
            await subscription.task.value
            guard subscriptions[name]?.progress === subscription.progress else { continue }
            subscriptions[name] = nil
            guard mayRead(subscription.request.scope) else {
                await refuse(name)
                continue
            }
            begin(
                subscription.request,
                from: subscription.progress.value.map { .after($0) } ?? subscription.request.start)
        }
    }

    private func ended(_ name: String, _ error: any Error) async {
        guard !Task.isCancelled else { return }
        subscriptions[name] = nil
        let (code, message, oldest) =
            switch error as? LogError {
            case .cursorExpired(let oldest):
                ("CURSOR_EXPIRED", "Events before \(oldest) are gone", "\(oldest)" as String?)
            default: ("UNAVAILABLE", "The subscription has ended, subscribe again", nil)
            }
        // A socket that is gone is told nothing.
        try? await complain(code, message, name, oldest: oldest)
    }

    // MARK: What the client is told

    private func refuse(_ name: String) async {
        // A socket that is gone is told nothing.
        try? await complain("FORBIDDEN", "\(name) is not granted", name)
    }

    private func say(_ type: String, _ name: String) async {
        var writer = JSONWriter()
        writer.object {
            $0.field("type", type)
            if !name.isEmpty { $0.field("subscription", name) }
        }
        // A socket that is gone is told nothing.
        try? await socket.send(text: writer.finish())
    }

    private func complain(_ code: String, _ message: String, _ name: String? = nil, oldest: String? = nil)
        async throws
    {
        var writer = JSONWriter()
        writer.object {
            $0.field("type", "error")
            if let name { $0.field("subscription", name) }
            $0.key("error")
            $0.object {
                $0.field("code", code)
                $0.field("message", message)
                if let oldest {
                    $0.key("details")
                    $0.object { $0.field("oldest", oldest) }
                }
            }
        }
        try await socket.send(text: writer.finish())
    }
}
