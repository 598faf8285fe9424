import Base
package import HTTPServer
package import Identity
import Kernel
import Wire

/// The routes on which chats and messages are read.
package struct ChatRoutes: Sendable {
    private let chats: Chats
    private let callers: Callers
    /// The longest that somebody may wait for messages.
    static let waitMax = 50

    /// Routes over the service.
    package init(_ chats: Chats, _ callers: Callers) {
        self.chats = chats
        self.callers = callers
    }

    /// The routes.
    package var routes: [Route] { chatRoutes + messageRoutes }

    private var chatRoutes: [Route] {
        let tags = ["chats"]
        return [
            Route(
                .get, "/api/v1/chats", .needs(.chatsRead),
                Operation(
                    "listChats", "List the chats that were granted", tags: tags,
                    parameters: [
                        Self.limit,
                        .init("cursor", in: .query, "The `nextCursor` of the page before.", .string()),
                        .init(
                            "source", in: .query, "Only what is seen through `bot:ID` or `account:ID`.",
                            .string()),
                    ], responses: Operation.list("chats", ChatStore.Chat.schema))
            ) { try await list($0) },
            Route(
                .get, "/api/v1/chats/{id:int}", .needs(.chatsRead),
                Operation(
                    "getChat", "See a chat", tags: tags,
                    responses: Operation.answer("chat", ChatStore.Chat.schema))
            ) { request in
                let chat = try await chats.chat(try Self.chat(request, "id"), for: try request.signedIn)
                return Envelope.one(to: request, "chat", chat)
            },
            Route(
                .get, "/api/v1/chats/{id:int}/messages", .needs(.chatsRead),
                Operation(
                    "listChatMessages", "The messages of a chat, the latest first", tags: tags,
                    parameters: Self.historyParameters,
                    responses: Operation.list("messages", MessageJSON.schema))
            ) { try await history($0, "id") },
        ]
    }

    private var messageRoutes: [Route] {
        [
            Route(
                .get, "/api/v1/messages/history/{chatId:int}", .needs(.chatsRead),
                Operation(
                    "getHistory", "The messages of a chat, the latest first", tags: ["messages"],
                    parameters: Self.historyParameters,
                    responses: Operation.list("messages", MessageJSON.schema))
            ) { try await history($0, "chatId") },
            Route(
                .get, "/api/v1/messages/search", .needs(.chatsRead),
                Operation(
                    "searchMessages", "Messages that hold words, the latest first",
                    description: "All words must be there, whole and in any case.", tags: ["messages"],
                    parameters: [.init("q", in: .query, "The words.", .string(), isRequired: true)]
                        + Self.historyParameters
                        + [.init("chatId", in: .query, "Only in this chat.", .string())],
                    responses: Operation.list("messages", MessageJSON.schema))
            ) { try await search($0) },
            Route(
                .get, "/api/v1/messages/poll/{chatId:int}", .needs(.chatsRead),
                Operation(
                    "pollMessages", "The next messages of a chat, without a gap or a repetition",
                    description:
                        "Give back `nextCursor` to go on. Edits come as events of their own. Without a cursor it begins "
                        + "with the oldest that is kept; `now` begins with what is still to come.",
                    tags: ["messages"],
                    parameters: [
                        Self.limit,
                        .init(
                            "cursor", in: .query, "The `nextCursor` of the answer before, or `now`.",
                            .string()),
                        .init(
                            "wait", in: .query, "Seconds to wait for messages where there are none; 0 to 50.",
                            .integer),
                        .init(
                            "source", in: .query, "Only what came through `bot:ID` or `account:ID`.",
                            .string()),
                    ], responses: Operation.list("messages", MessageJSON.schema)),
                patience: .seconds(Self.waitMax)
            ) { try await poll($0) },
        ]
    }

    private static let limit = Operation.Parameter(
        "limit", in: .query, "How many at most; 1 to 500.", .integer)
    private static let historyParameters: [Operation.Parameter] = [
        limit, .init("cursor", in: .query, "The `nextCursor` of the page before.", .string()),
        .init("since", in: .query, "Sent then or later.", .string(format: "date-time")),
        .init("until", in: .query, "Sent earlier.", .string(format: "date-time")),
        .init("senderId", in: .query, "Only by this user or chat.", .string()),
        .init("kind", in: .query, "Only with such content: `text`, `photo` …, parted by commas.", .string()),
        .init("text", in: .query, "Only with these words.", .string()),
        .init("source", in: .query, "Only what is seen through `bot:ID` or `account:ID`.", .string()),
    ]

    // MARK: Handlers

    private func list(_ request: Request) async throws -> Response {
        let limit = try request.number("limit", in: 1...500, absent: 100)
        let page = try await chats.chats(
            after: try Self.integer(request, "cursor"), limit: limit, source: try Self.source(request),
            for: try request.signedIn)
        return Envelope.page(
            to: request, "chats", page, next: page.count == limit ? page.last.map { "\($0.id)" } : nil)
    }

    private func history(_ request: Request, _ parameter: String) async throws -> Response {
        let chat = try Self.chat(request, parameter)
        let caller = try request.signedIn
        try chats.check(chat, for: caller)
        var query = try Self.query(request, caller)
        query.chat = chat
        query.words = try Self.words(request, "text")
        let page = try await chats.messages(query)
        return Envelope.page(to: request, "messages", page.messages, next: page.next)
    }

    private func search(_ request: Request) async throws -> Response {
        var query = try Self.query(request, try request.signedIn)
        guard let words = try Self.words(request, "q") else {
            throw APIError.invalid("q", "the words to search for")
        }
        query.words = words
        query.chat = try Self.integer(request, "chatId")
        let page = try await chats.messages(query)
        return Envelope.page(to: request, "messages", page.messages, next: page.next)
    }

    private func poll(_ request: Request) async throws -> Response {
        let chat = try Self.chat(request, "chatId")
        let caller = try request.signedIn
        try chats.check(chat, for: caller)
        var granted = caller.reach.read.scopes
        if let source = try Self.source(request) { granted.append(.source(source)) }
        let limit = try request.number("limit", in: 1...500, absent: 100)
        let poll = LogPoll(
            chats.log, EventFilter(.chat(chat), granted: granted, kinds: TelegramMessage.kinds), limit: limit,
            wait: .seconds(try request.number("wait", in: 0...Self.waitMax, absent: 0)))
        let (events, cursor) = try await poll.run(from: try Self.start(request), request)
        // What was granted may have been taken back during a long wait.
        let reach = try await callers.again(request).reach.read
        let kept = events.filter { reach.contains(chat: $0.content.chat, source: $0.content.source) }
        return Envelope.page(
            to: request, "messages", kept.map { MessageJSON($0) }, next: "\(cursor.number)",
            hasMore: events.count == limit)
    }

    // MARK: Parameters

    private static func query(_ request: Request, _ caller: Caller) throws -> ChatStore.MessageQuery {
        var query = ChatStore.MessageQuery(
            limit: try request.number("limit", in: 1...500, absent: 100), granted: caller.reach.read.scopes)
        query.source = try source(request)
        query.since = try time(request, "since")
        query.until = try time(request, "until")
        query.sender = try integer(request, "senderId")
        query.kinds = Set((request.queryItem("kind") ?? "").split(separator: ",").map(String.init))
        query.before = try place(request)
        return query
    }

    private static func place(_ request: Request) throws(APIError) -> ChatStore.Place? {
        guard let text = request.queryItem("cursor") else { return nil }
        let numbers = text.split(separator: ".", omittingEmptySubsequences: false).map { Int64($0) }
        guard numbers.count <= 2, let last = numbers.last, let row = last, let first = numbers[0] else {
            throw APIError.invalid("cursor", "the `nextCursor` of an answer")
        }
        return ChatStore.Place(sequence: numbers.count == 2 ? first : nil, row: row)
    }

    private static func start(_ request: Request) throws(APIError) -> ReadStart {
        switch request.queryItem("cursor") {
        case nil, "start": return .start
        case "now": return .now
        case let text?:
            guard let number = Int64(text), number >= 0 else {
                throw APIError.invalid("cursor", "a cursor of an answer, `now` or `start`")
            }
            return .after(Position(number))
        }
    }

    private static func words(_ request: Request, _ name: String) throws(APIError) -> String? {
        guard let words = request.queryItem(name) else { return nil }
        let isThere = words.contains { $0.isLetter || $0.isNumber }
        guard isThere, words.utf8.count <= 1024, !words.utf8.contains(0) else {
            throw APIError.invalid(name, "1 to 1024 bytes with at least one letter or digit")
        }
        return words
    }

    private static func time(_ request: Request, _ name: String) throws(APIError) -> Timestamp? {
        guard let text = request.queryItem(name) else { return nil }
        guard let time = Timestamp(rfc3339: Bytes(text)) else {
            throw APIError.invalid(name, "a time in the form 2027-01-31T12:00:00Z")
        }
        return time
    }

    private static func integer(_ request: Request, _ name: String) throws(APIError) -> Int64? {
        guard let text = request.queryItem(name) else { return nil }
        guard let number = Int64(text) else { throw APIError.invalid(name, "a whole number") }
        return number
    }

    private static func source(_ request: Request) throws(APIError) -> Source? {
        guard let text = request.queryItem("source") else { return nil }
        guard let source = Source(name: text) else {
            throw APIError.invalid("source", "bot:ID or account:ID")
        }
        return source
    }

    /// The chat of the path.
    static func chat(_ request: Request, _ name: String) throws(APIError) -> Int64 {
        guard let id = Int64(request.parameters[name]) else { throw APIError(.notFound) }
        return id
    }
}
