package import HTTPServer
package import Identity
package import Kernel
import Wire

/// The routes on which events flow as they happen.
package struct StreamRoutes: Sendable {
    private let log: EventLog
    private let callers: Callers
    private let settings: WebSocketSettings

    /// Streams of a log, to callers that are watched while they read.
    package init(_ log: EventLog, _ callers: Callers, _ settings: WebSocketSettings) {
        self.log = log
        self.callers = callers
        self.settings = settings
    }

    /// The routes.
    package var routes: [Route] {
        [
            Route(.get, "/api/v1/ws", .needs(.chatsRead), Self.operation, token: .query) { request in
                try request.webSocket(settings) { socket in
                    let watch = try await CallerWatch(request, callers)
                    try await StreamSession(socket, log, watch.caller).run(watch)
                }
            }
        ]
    }

    private static let operation = Operation(
        "openWebSocket", "Events as they happen, over a WebSocket",
        description:
            "The client sends `{\"action\":\"subscribe\",\"chat_id\":123}`, with `bot_id`, `account_id` or `all` in "
            + "place of `chat_id`, and `cursor` to resume behind an event; `unsubscribe` ends it. Only what was granted "
            + "arrives, also when that changes meanwhile. `?token=` takes an access token or a key.",
        tags: ["streams"],
        parameters: [.init("token", in: .query, "The credential, for browsers.", .string())],
        responses: [.init(.switchingProtocols, "The connection is a WebSocket now.")])
}
