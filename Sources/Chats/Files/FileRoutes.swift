import Wire
import Base
package import HTTPServer
import Identity
import Kernel

/// The route on which the files of messages are read.
package struct FileRoutes: Sendable {
    private let files: Files

    /// Routes over the service.
    package init(_ files: Files) { self.files = files }

    /// The routes.
    package var routes: [Route] {
        [
            Route(
                .get, "/api/v1/files/{bot:int}/{fileId}", .needs(.chatsRead),
                Operation(
                    "getFile", "A file of a message",
                    description:
                        "By Telegram's `file_id`, as the bot got it. Takes `Range`. Who reaches single chats only says in which "
                        + "message the file is.",
                    tags: ["files"],
                    parameters: [
                        .init("bot", in: .path, "Telegram's number for the bot.", .integer),
                        .init("chatId", in: .query, "The chat of the message that holds it.", .string()),
                        .init("messageId", in: .query, "The message that holds it.", .string()),
                    ],
                    responses: [
                        .init(
                            .ok, "The file.",
                            .init(.string(format: "binary"), type: "application/octet-stream")),
                        .init(
                            .partialContent, "A part of it.",
                            .init(.string(format: "binary"), type: "application/octet-stream")),
                    ]), rate: .bulk, patience: .seconds(60)
            ) { try await file($0) }
        ]
    }

    private func file(_ request: Request) async throws -> Response {
        let caller = try request.signedIn
        guard let bot = Int64(request.parameters["bot"]), bot > 0 else { throw APIError(.notFound) }
        let id = request.parameters["fileId"]
        guard id.utf8.count <= 512 else { throw APIError(.notFound) }
        var isGranted = caller.reach.read.contains(chat: nil, source: .bot(bot))
        if !isGranted, let chat = request.queryItem("chatId").flatMap({ Int64($0) }),
            let message = request.queryItem("messageId").flatMap({ Int64($0) })
        {
            isGranted = try await files.isGranted(id, chat: chat, message: message, .bot(bot), caller)
        }
        guard isGranted else { throw APIError(.notFound, "There is no such file") }
        return try await files.file(id, of: bot, request)
    }
}
