import BotAPI
import HTTPServer
import Identity
import Wire

extension MessageRoutes {
    static let edit = change(
        "editMessage", "Change a message's text, caption or buttons",
        "Only what the bot has sent. Without `replyMarkup` its buttons go; `null` alone takes them away.",
        [
            .init("text", .string(), isRequired: false), .init("caption", .string(), isRequired: false),
            .init("parseMode", .string(), isRequired: false),
            .init("entities", .array(.anything), isRequired: false),
            .init("captionEntities", .array(.anything), isRequired: false),
            .init("linkPreviewOptions", .map(.anything), isRequired: false),
            .init("replyMarkup", .nullable(.map(.anything)), isRequired: false),
        ])

    static let delete = change("deleteMessage", "Delete a message")

    static let deleteMany = change(
        "deleteMessages", "Delete up to 100 messages", "Those that are not there are left out.",
        [.init("messageIds", .array(.integer), "1 to 100 numbers.")])

    static let react = change(
        "setReaction", "React to a message", "In place of what the bot has shown before.",
        [
            .init("emoji", .string(), "One of those that Telegram knows.", isRequired: false),
            .init(
                "reaction", .array(.anything), "In place of it, a list of `ReactionType`.", isRequired: false),
            .init("isBig", .boolean, isRequired: false),
        ])

    static let unreact = change("removeReaction", "Take a reaction back")

    static let pin = change(
        "pinMessage", "Pin a message",
        parameters: [.init("disableNotification", in: .query, "Tells nobody.", .boolean)])

    static let unpin = change("unpinMessage", "Unpin a message")

    /// A change with its terms, which stand in the body where there is one.
    private static func change(
        _ id: String, _ summary: String, _ description: String = "", _ body: [Schema.Property] = [],
        parameters: [Operation.Parameter] = []
    ) -> Operation {
        let terms =
            body.isEmpty
            ? SendRoutes.terms.map { Operation.Parameter($0.name, in: .query, $0.description, $0.schema) }
            : []
        return Operation(
            id, summary,
            description: description + (description.isEmpty ? "" : " ")
                + "It goes the way of all sends: in order, and with a state that can be looked up.",
            tags: ["sends"], parameters: [SendRoutes.key] + parameters + terms,
            request: body.isEmpty ? nil : .init(.object(body + SendRoutes.terms)),
            responses: SendRoutes.taken)
    }
}

extension BotCallRoutes {
    private static let done = Operation.nothing

    static let act = Operation(
        "sendChatAction", "Show what a bot is doing",
        description: "For five seconds, or until its message comes.",
        tags: ["sends"],
        request: .init(
            .object([
                .init("action", .string(values: ChatAction.Kind.allCases.map(\.rawValue))),
                .init("botId", .string(), "The bot that is shown.", isRequired: false),
                .init("messageThreadId", .integer, isRequired: false),
            ])), responses: done)

    static let answerCallback = Operation(
        "answerCallback", "Answer somebody who has pressed a button",
        description: "`queryId` is the `id` of the update's `callback_query`.", tags: ["bots"],
        request: .init(
            .object([
                .init("text", .string(), "At most 200 characters.", isRequired: false),
                .init("showAlert", .boolean, isRequired: false), .init("url", .string(), isRequired: false),
                .init("cacheTime", .integer, "In seconds.", isRequired: false),
            ])), responses: done)

    static let answerInline = Operation(
        "answerInlineQuery", "Answer somebody who asks a bot from another chat",
        description:
            "`queryId` is the `id` of the update's `inline_query`. Needs the right to send through all of the bot.",
        tags: ["bots"],
        request: .init(
            .object([
                .init("results", .array(.anything), "At most 50 of Telegram's `InlineQueryResult`."),
                .init("cacheTime", .integer, "In seconds.", isRequired: false),
                .init("isPersonal", .boolean, isRequired: false),
                .init("nextOffset", .string(), isRequired: false),
                .init("button", .map(.anything), isRequired: false),
            ])), responses: done)

    private static let command = Schema.object([.init("command", .string()), .init("description", .string())])

    static let setCommands = Operation(
        "setBotCommands", "Set the commands that Telegram offers for a bot",
        description: "In place of those before; none takes them away.", tags: ["bots"],
        request: .init(
            .object([
                .init("commands", .array(command), "At most 100."),
                .init(
                    "scope", .map(.anything), "For whom: Telegram's `BotCommandScope`.", isRequired: false),
                .init("languageCode", .string(), "For people of which language.", isRequired: false),
            ])), responses: done)

    static let getCommands = Operation(
        "getBotCommands", "See the commands that Telegram offers for a bot", tags: ["bots"],
        parameters: [
            .init("scope", in: .query, "For whom: Telegram's `BotCommandScope`, as JSON.", .string()),
            .init("languageCode", in: .query, "For people of which language.", .string()),
        ], responses: Operation.answer("commands", .array(command)))
}
