import Base
package import BotAPI
package import Bots
package import HTTPServer
import Kernel
package import Reactor
package import Store
import Wire

/// The files of messages: fetched from Telegram by the bot that got them, and kept for a while.
package struct Files: Sendable {
    private let database: any Database
    private let registry: BotRegistry
    private let client: BotAPIClient
    private let cache: FileCache
    private let pool: BlockingPool

    /// Fetches through `client` into `cache`.
    package init(
        _ database: any Database, _ registry: BotRegistry, _ client: BotAPIClient, _ cache: FileCache,
        pool: BlockingPool
    ) {
        self.database = database
        self.registry = registry
        self.client = client
        self.cache = cache
        self.pool = pool
    }

    /// The file that a bot knows by Telegram's id for it.
    func file(_ fileID: String, of bot: Int64, _ request: Request) async throws -> Response {
        guard let token = registry.token(of: bot) else { throw APIError(.notFound, "There is no such bot") }
        return try await answer("\(bot):id:\(fileID)", request) { [client] write in
            let file = try await client.getFile(fileID, as: token)
            guard let path = file.path else {
                throw APIError(.notFound, "Telegram does not give this file")
            }
            try await Self.fetch(path, token, client, write)
        }
    }

    /// The file at the path that `getFile` told.
    package func file(at path: String, of bot: Int64, _ request: Request) async throws -> Response {
        guard let token = registry.token(of: bot) else { throw APIError(.notFound, "There is no such bot") }
        return try await answer("\(bot):path:\(path)", request) { [client] write in
            try await Self.fetch(path, token, client, write)
        }
    }

    private func answer(
        _ key: String, _ request: Request,
        fetch: @Sendable (@Sendable (Bytes) async throws -> Void) async throws -> Void
    ) async throws -> Response {
        do {
            let file = try await cache.file(key, fetch: fetch)
            do { return try await answer(file, request) } catch let error as APIError
                where error.code == .notFound
            {
                // It made room for others after it was found, and before it was opened.
                await cache.forget(file)
                return try await answer(try await cache.file(key, fetch: fetch), request)
            }
        } catch {
            throw Self.told(error)
        }
    }

    private static func fetch(
        _ path: String, _ token: BotToken, _ client: BotAPIClient, _ write: (Bytes) async throws -> Void
    ) async throws {
        try await client.download(path, as: token) { download in
            while let piece = try await download.next() { try await write(piece) }
        }
    }

    private func answer(_ file: FileCache.File, _ request: Request) async throws -> Response {
        // What it is called says nothing that can be trusted: it is saved, not shown.
        try await DiskFile(
            file.path, size: file.size, tag: String(file.name.prefix(32)), type: "application/octet-stream",
            pool: pool
        ).answer(request)
    }

    private static func told(_ error: any Error) -> any Error {
        switch error {
        case is DiskFailure: APIError(.unavailable, "The file cannot be kept on the disk")
        case let error as FileTooLarge:
            APIError(.payloadTooLarge, "The file has more than \(error.limit) bytes")
        case let error as BotAPIError:
            switch error.code {
            case .badRequest, .notFound:
                APIError(.notFound, "Telegram does not give this file: \(error.description)")
            case .cancelled: CancellationError()
            default: APIError(.unavailable, "Telegram could not be asked for the file: \(error.description)")
            }
        default: error
        }
    }

    /// Whether a message that the caller may read holds a file.
    func isGranted(_ fileID: String, chat: Int64, message: Int64, _ bot: Source, _ caller: Caller)
        async throws
        -> Bool
    {
        guard caller.reach.read.contains(chat: chat, source: bot) else { return false }
        let events = try await database.read { transaction in
            let positions = try await transaction.all(
                "SELECT position FROM projected_messages WHERE source = $1 AND chat = $2 AND message = $3",
                [.text(bot.text), .integer(chat), .integer(message)]
            ) { Position(try $0.integer(0)) }
            return try await EventLog.events(at: positions, in: transaction)
        }
        return events.contains { event in
            guard let payload = event.content.payload else { return false }
            do { return try Self.holds(fileID, JSON.parse(payload).root) } catch { return false }
        }
    }

    private static func holds(_ fileID: String, _ value: JSONView) -> Bool {
        switch value.kind {
        case .object:
            value.members.contains { member in
                member.isNamed("file_id") ? member.value.isText(fileID) : holds(fileID, member.value)
            }
        case .array: value.elements.contains { holds(fileID, $0) }
        default: false
        }
    }
}
