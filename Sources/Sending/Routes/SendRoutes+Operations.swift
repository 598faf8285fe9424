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
                that reaches the chat. A message has one content: a text, a file, or one of the others. Files are named by their id or a \
                URL, or go along in a form, whose other parts are the same fields as texts.
                """,
            tags: tags, parameters: [key], request: .init(.object(content(files: .string()))),
            form: .init(.object(content(files: .string(format: "binary"))), type: "multipart/form-data"),
            responses: taken)
    }

    /// The answers to what was taken in.
    static let taken = [
        Operation.Reply(.ok, "Done, as `state` says.", .init(.envelope(done))),
        Operation.Reply(.accepted, "Taken in.", .init(.envelope(done))),
    ]

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
                            ] + content(files: .string()))))
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

    static let key = Operation.Parameter(
        "Idempotency-Key", in: .header,
        "Tells a repeated request from another: the same key and the same request are the same send, for a week.",
        .string())

    private static let done = Schema.object([
        .init("send", Send.schema),
        .init("result", .anything, "What Telegram made of it: the message, as a rule.", isRequired: false),
    ])

    private static func content(files: Schema) -> [Schema.Property] {
        let optional = { (name: String, schema: Schema, description: String) in
            Schema.Property(name, schema, description, isRequired: false)
        }
        return [optional("text", .string(), "A message's text.")]
            + SendBody.media.map {
                optional($0.field, files, "A file: its id, its URL, or the file itself in a form.")
            }
            + [
                optional("file", files, "A file that is shown as `type` says."),
                optional(
                    "type", .string(values: SendBody.media.map(\.field)), "How `file` is shown (document)."),
                optional("mediaGroup", .array(item), "2 to 10 files that are shown together."),
                optional("location", location, "A place."), optional("contact", contact, "A person."),
                optional("poll", poll, "A question."),
                optional("forward", relay([]), "Messages of another chat."),
                optional(
                    "copy", relay(caption),
                    "The same, as if they were new; one may have another caption. Both need the right to read there."
                ),
            ] + caption + [
                optional("entities", .array(.anything), "In place of a mode, Telegram's list."),
                optional("linkPreviewOptions", .map(.anything), ""),
                optional("replyToMessageId", .integer, ""),
                optional("replyParameters", .map(.anything), "In place of it, all that Telegram takes."),
                optional("replyMarkup", .map(.anything), "Buttons, as Telegram takes them."),
                optional("disableNotification", .boolean, ""), optional("protectContent", .boolean, ""),
                optional("messageThreadId", .integer, "The topic of a forum."),
                optional("messageEffectId", .string(), ""),
                optional(
                    "method", .string(), "In place of a content, any method that sends or changes messages."),
                optional("params", .map(.anything), "Its parameters, by Telegram's names."),
            ] + terms
    }

    private static let caption: [Schema.Property] = [
        .init("caption", .string(), "What stands below a file.", isRequired: false),
        .init("parseMode", .string(), "HTML, MarkdownV2 or Markdown.", isRequired: false),
        .init("captionEntities", .array(.anything), isRequired: false),
    ]

    private static let item = Schema.object(
        [
            .init("type", .string(values: ["photo", "video", "document", "audio"])),
            .init("media", .string(), "A file's id or URL, or `attach://` and the name of a part."),
        ] + caption)

    private static let location = Schema.object([
        .init("latitude", .number), .init("longitude", .number),
        .init("horizontalAccuracy", .number, "In metres.", isRequired: false),
        .init("livePeriod", .integer, "For how many seconds it can be changed.", isRequired: false),
    ])

    private static let contact = Schema.object([
        .init("phoneNumber", .string()), .init("firstName", .string()),
        .init("lastName", .string(), isRequired: false), .init("vcard", .string(), isRequired: false),
    ])

    private static let poll = Schema.object([
        .init("question", .string()), .init("options", .array(.string()), "2 to 12 answers."),
        .init("isAnonymous", .boolean, isRequired: false),
        .init("allowsMultipleAnswers", .boolean, isRequired: false),
        .init(
            "correctOptionId", .integer, "Makes it a quiz: which answer is right, from 0.", isRequired: false),
        .init("explanation", .string(), isRequired: false),
        .init("openPeriod", .integer, "For how many seconds it is open.", isRequired: false),
    ])

    private static func relay(_ more: [Schema.Property]) -> Schema {
        .object(
            [
                .init("fromChatId", .string()),
                .init("messageIds", .array(.integer), "1 to 100 numbers that rise."),
            ] + more)
    }

    /// When and how something goes, whatever it is.
    static let terms: [Schema.Property] = [
        .init("botId", .string(), "The bot that sends.", isRequired: false),
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
