import HTTPServer
import Identity
package import Wire

extension SendRoutes {
    private static let tags = ["sends"]

    static func submission(_ id: String, _ summary: String) -> Operation {
        Operation(
            id, summary,
            description: """
                Taken in durably before it is answered: `202` with the send, whose state can be looked up. With `wait: "sent"` the \
                answer waits until it is done, and then is `200` with Telegram's message. Without `botId` the one bot is taken \
                that reaches the chat. Files are named by their id or a URL; uploads go by the Bot API endpoint.
                """,
            tags: tags, parameters: [key], request: .init(.object(content)),
            responses: [
                Operation.Reply(.ok, "Done, as `state` says.", .init(.envelope(done))),
                Operation.Reply(.accepted, "Taken in.", .init(.envelope(done))),
            ])
    }

    static let batch = Operation(
        "sendBatch", "Send up to 1,000 at once",
        description: """
            All that are valid are taken in together, durably, or none is. Each item is answered in its place by a send or an error.
            """,
        tags: tags,
        request: .init(
            .object([
                .init(
                    "sends",
                    .array(
                        .object(
                            [
                                .init("chatId", .string()),
                                .init("idempotencyKey", .string(), isRequired: false),
                            ] + content)))
            ])),
        responses: [
            Operation.Reply(
                .accepted, "Taken in.",
                .init(
                    .envelope(
                        .object([
                            .init(
                                "sends",
                                .array(
                                    .object([
                                        .init("send", Send.schema, isRequired: false),
                                        .init(
                                            "error",
                                            .object([.init("code", .string()), .init("message", .string())]),
                                            isRequired: false),
                                    ])))
                        ]))))
        ])

    static let list = Operation(
        "listSends", "List sends, the newest first",
        description: "One's own, and those to chats that one may read.", tags: tags,
        parameters: [
            .init(
                "state", in: .query, "Only those in this state.",
                .string(values: Send.State.allCases.map(\.rawValue))),
            .init("chatId", in: .query, "Only those to this chat.", .string()),
            .init("botId", in: .query, "Only those of this bot.", .string()),
        ] + Operation.paging, responses: Operation.list("sends", Send.schema))

    static let lookUp = Operation(
        "getSend", "See what has become of a send", tags: tags,
        responses: [Operation.Reply(.ok, "The send.", .init(.envelope(done)))])

    static let cancel = Operation(
        "cancelSend", "Take a send back that waits",
        description: "One that is on its way or done answers `409`.", tags: tags,
        responses: [Operation.Reply(.ok, "Taken back.", .init(.envelope(done)))])

    static let budget = Operation(
        "getBotBudget", "See what is left of a bot's limits", tags: tags,
        responses: Operation.answer("budget", SendBudget.schema))

    private static let key = Operation.Parameter(
        "Idempotency-Key", in: .header,
        "Tells a repeated request from another: the same key and the same request are the same send, for a week.",
        .string())

    private static let done = Schema.object([
        .init("send", Send.schema),
        .init("result", .anything, "What Telegram made of it: the message, as a rule.", isRequired: false),
    ])

    private static let content: [Schema.Property] = [
        .init("botId", .string(), "The bot that sends.", isRequired: false),
        .init("text", .string(), "A message's text.", isRequired: false),
        .init(
            "photo", .string(),
            "A file's id or URL; so also `document`, `video`, `audio`, `animation`, `voice`, "
                + "`videoNote` and `sticker`.", isRequired: false),
        .init("caption", .string(), isRequired: false),
        .init("parseMode", .string(), isRequired: false),
        .init("replyToMessageId", .integer, isRequired: false),
        .init("replyMarkup", .anything, isRequired: false),
        .init(
            "method", .string(), "Any method of the Bot API that sends or changes messages.",
            isRequired: false),
        .init("params", .map(.anything), "Its parameters, by Telegram's names.", isRequired: false),
        .init("priority", .string(values: SendPriority.allCases.map(\.name)), isRequired: false),
        .init("sendAt", .string(format: "date-time"), "When it is to go at the earliest.", isRequired: false),
        .init("correlationId", .string(), isRequired: false),
        .init("wait", .string(values: ["none", "sent"]), isRequired: false),
        .init("waitSeconds", .integer, "How long to wait at most; 0 to 25, or 10.", isRequired: false),
    ]
}

extension SendBudget: JSONWritable {
    /// Writes it as clients get it.
    package func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("limit", limit)
            $0.field("remaining", remaining)
            $0.field("waiting", waiting)
            $0.field(
                "silentForSeconds",
                silentFor.map { $0.components.seconds + ($0.components.attoseconds > 0 ? 1 : 0) })
        }
    }

    static let schema = Schema.named(
        "SendBudget",
        .object([
            .init("limit", .integer, "Calls within about a second."),
            .init("remaining", .integer, "How many of them may go now."),
            .init("waiting", .integer, "Sends that wait."),
            .init("silentForSeconds", .nullable(.integer), "How long Telegram wants nothing of the bot yet."),
        ]))
}
