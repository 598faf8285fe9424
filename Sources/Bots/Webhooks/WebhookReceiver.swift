package import Base
package import HTTPServer
import Identity
package import Kernel
import Reactor
import Wire

/// Takes in what Telegram delivers, and answers once the log has it.
package struct WebhookReceiver: Sendable {
    /// No update of Telegram comes near it.
    private static let bodyMax = 1 << 20

    private let registry: BotRegistry
    private let log: EventLog
    private let parsers: LoopParsers
    private let networks: [AddressRange]
    private let metrics: IngestMetrics
    private let clocks: Clocks

    /// A receiver that takes updates from anywhere, or from `networks` alone.
    package init(
        _ registry: BotRegistry, _ log: EventLog, loopCount: Int, networks: [AddressRange], metrics: Metrics,
        clocks: Clocks = .system
    ) {
        self.registry = registry
        self.log = log
        parsers = LoopParsers(loopCount: loopCount, bytesMax: Self.bodyMax)
        self.networks = networks
        self.metrics = IngestMetrics(metrics)
        self.clocks = clocks
    }

    /// The route; open, because Telegram shows the bot's own secret.
    package var routes: [Route] {
        [
            Route(
                .post, "/api/v1/telegram/webhook/{username}", .open,
                Operation(
                    "receiveUpdate", "Take in an update, as Telegram delivers it",
                    description:
                        "Answers 200 once the update is in the log; an update that was delivered before changes nothing.",
                    tags: ["telegram"],
                    parameters: [
                        .init(
                            "X-Telegram-Bot-Api-Secret-Token", in: .header,
                            "The secret that was given to Telegram with the webhook.", .string(),
                            isRequired: true)
                    ],
                    request: .init(.object([.init("update_id", .integer)])),
                    responses: [
                        .init(.ok, "The update is in the log.", .init(.object([.init("ok", .boolean)])))
                    ]),
                rate: .unlimited
            ) { try await receive($0) }
        ]
    }

    private func receive(_ request: Request) async throws -> Response {
        let secret = request.fields.bytes("x-telegram-bot-api-secret-token") ?? Bytes()
        // Whoever does not know the secret is not told either which bots there are.
        guard let entry = registry.entry(named: request.parameters["username"]),
            entry.webhookSecret.matches(secret)
        else {
            metrics.refused.add()
            throw APIError(.unauthorized, "There is no such bot, or the secret token is missing or wrong")
        }
        if !networks.isEmpty {
            guard networks.contains(where: { $0.contains(request.client) }) else {
                metrics.refused.add()
                throw APIError(.forbidden, "Updates are not taken from there")
            }
        }
        guard entry.bot.isWorking, entry.bot.mode == .webhook else {
            // Telegram keeps it, until the bot works again or fetches its updates.
            throw Self.later("The bot takes no updates by webhook now")
        }
        let body: Bytes
        if case .complete(let bytes) = request.body {
            guard bytes.count <= Self.bodyMax else {
                throw APIError(.payloadTooLarge, "An update has at most \(Self.bodyMax) bytes")
            }
            body = bytes
        } else {
            body = try await request.body.collect(max: Self.bodyMax)
        }
        let draft = try parse(body, entry.bot.id, request.connection.loop)
        do {
            let appended = try await log.append([draft])
            metrics.note(appended)
        } catch let error as LogError {
            metrics.failed.add()
            throw error
        }
        entry.activity.note(clocks.now)
        return .json(Self.answer)
    }

    private static let answer: Bytes = "{\"ok\":true}"

    private func parse(_ body: Bytes, _ bot: Int64, _ loop: EventLoop) throws -> EventDraft {
        do {
            return try parsers.withDocument(body, on: loop) { document in
                try Update(document.root).draft(of: bot, payload: body)
            }
        } catch let error as UpdateError {
            metrics.refused.add()
            throw APIError(
                .validationFailed, "\(error.field) is not as Telegram sends it",
                details: ["path": .string(error.field)])
        }
    }

    private static func later(_ message: String) -> APIError {
        APIError(
            .unavailable, message, details: ["retryAfter": .integer(1)], fields: ["retry-after": "1"])
    }
}
