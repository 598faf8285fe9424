import BotAPI
import Base
import HTTPServer
import Identity
import Kernel
import Wire

/// The routes that change messages which are there: each change is a send, durable and paced like a new message.
struct MessageRoutes {
    let intake: SendIntake

    private static let messages = "/api/v1/chats/{id:int}/messages"
    private static let message = messages + "/{messageId:int}"

    var routes: [Route] {
        [
            Route(.patch, Self.message, .needs(.chatsSend), Self.edit) { request in
                let fields = try await SendForm.fields(of: request)
                return try await self.change(request, fields) { message, chat throws(SendError) in
                    try Self.edit(message, in: chat, fields)
                }
            },
            Route(.delete, Self.message, .needs(.chatsSend), Self.delete) { request in
                try await self.change(request, try await SendForm.optional(of: request)) {
                    MessageDeletion(of: [$0], in: $1)
                }
            },
            Route(.post, Self.messages + "/delete", .needs(.chatsSend), Self.deleteMany) {
                try await self.deleteMany($0)
            },
            Route(.put, Self.message + "/reaction", .needs(.chatsSend), Self.react) { request in
                let fields = try await SendForm.fields(of: request)
                let sign = try Self.sign(fields)
                let isBig = try fields.flag("isBig")
                return try await self.change(request, fields) {
                    MessageReaction(sign, to: $0, in: $1, isBig: isBig)
                }
            },
            Route(.delete, Self.message + "/reaction", .needs(.chatsSend), Self.unreact) { request in
                try await self.change(request, try await SendForm.optional(of: request)) {
                    MessageReaction(.none, to: $0, in: $1)
                }
            },
            Route(.put, Self.message + "/pin", .needs(.chatsSend), Self.pin) { request in
                let fields = try await SendForm.optional(of: request)
                let isQuiet = try fields.flag("disableNotification")
                return try await self.change(request, fields) {
                    MessagePin($0, in: $1, isPinned: true, disableNotification: isQuiet)
                }
            },
            Route(.delete, Self.message + "/pin", .needs(.chatsSend), Self.unpin) { request in
                try await self.change(request, try await SendForm.optional(of: request)) {
                    MessagePin($0, in: $1, isPinned: false)
                }
            },
        ]
    }

    // MARK: Changes

    /// Takes in what is to become of the message of the path.
    private func change(
        _ request: Request, _ fields: SendFields,
        _ make: (_ message: Int64, _ chat: Int64) throws(SendError) -> any BotRequest
    ) async throws -> Response {
        let chat = request.parameters.integer("id")
        return try await take(request, try make(request.parameters.integer("messageId"), chat), chat, fields)
    }

    private func take(
        _ request: Request, _ change: any BotRequest, _ chat: Int64, _ fields: SendFields
    ) async throws -> Response {
        try fields.check(change)
        let terms = try SendTerms(fields)
        return try await intake.take(request, SendBody.Parsed(change, chat: chat, terms))
    }

    private func deleteMany(_ request: Request) async throws -> Response {
        let fields = try await SendForm.fields(of: request)
        guard let messages = try fields.numbers("messageIds", max: 100) else {
            throw fields.invalid("messageIds", "is missing")
        }
        let chat = request.parameters.integer("id")
        return try await take(request, MessageDeletion(of: messages, in: chat), chat, fields)
    }

    private static func edit(
        _ message: Int64, in chat: Int64, _ fields: SendFields
    ) throws(SendError) -> MessageEdit {
        let (mode, entities) = (try fields.text("parseMode"), try fields.list("entities")?.raw)
        let preview = try fields.object("linkPreviewOptions")?.raw
        let markup = try fields.object("replyMarkup")?.raw
        let (text, caption) = (try fields.text("text"), try fields.caption())
        let change: MessageEdit.Change
        switch (text, caption) {
        case (_?, _?): throw fields.invalid("caption", "a message has a text or a caption")
        case (let text?, nil):
            change = .text(
                FormattedText(text, parseMode: mode, entities: entities), linkPreviewOptions: preview)
        case (nil, let caption?): change = .caption(caption)
        case (nil, nil):
            guard fields.has("replyMarkup") else {
                throw fields.invalid("text", "there is neither a text, a caption nor a keyboard")
            }
            change = .replyMarkup
        }
        return MessageEdit(message, in: chat, change, replyMarkup: markup)
    }

    private static func sign(_ fields: SendFields) throws(SendError) -> MessageReaction.Sign {
        switch (try fields.text("emoji"), try fields.list("reaction")) {
        case (let emoji?, nil): return .emoji(emoji)
        case (nil, let list?): return .list(list.raw)
        case (nil, nil): throw fields.invalid("emoji", "is missing")
        case (_?, _?): throw fields.invalid("reaction", "an emoji is given already")
        }
    }
}
