import Base
import HTTPServer
package import Kernel
package import Store

/// Reading chats and messages, by whoever was granted them.
package struct Chats: Sendable {
    private let database: any Database
    let log: EventLog

    /// Reads a log and the tables that are made of it.
    package init(_ database: any Database, _ log: EventLog) {
        self.database = database
        self.log = log
    }

    /// A page of messages and what the next page begins behind.
    struct MessagePage: Sendable {
        let messages: [MessageJSON]
        let next: String?
    }

    func chats(after id: Int64?, limit: Int, source: Source?, for caller: Caller) async throws -> [ChatStore
        .Chat]
    {
        let granted = caller.reach.read.scopes
        return try await database.read {
            try await ChatStore.chats(after: id, limit: limit, source: source, granted: granted, in: $0)
        }
    }

    /// A chat; one that was not granted is not there.
    func chat(_ id: Int64, for caller: Caller) async throws -> ChatStore.Chat {
        let granted = caller.reach.read.scopes
        let found = try await database.read {
            try await ChatStore.chats(after: nil, limit: 1, only: id, granted: granted, in: $0)
        }
        guard let chat = found.first else { throw APIError(.notFound, "There is no such chat") }
        return chat
    }

    /// The bots through which a chat is seen, in the order of their names.
    package func sources(of chat: Int64) async throws -> [Source] {
        try await database.read { transaction in
            try await transaction.all(
                "SELECT source FROM projected_chat_sources WHERE chat = $1 ORDER BY source", [.integer(chat)]
            ) { try $0.text(0) }
        }.compactMap { Source(name: $0) }
    }

    func messages(_ wanted: ChatStore.MessageQuery) async throws -> MessagePage {
        let (found, events) = try await database.read { transaction in
            let found = try await ChatStore.messages(wanted, in: transaction)
            return (found, try await EventLog.events(at: found.map(\.position), in: transaction))
        }
        let byPosition = Dictionary(events.map { ($0.position, $0) }) { first, _ in first }
        let messages = found.compactMap { found in
            byPosition[found.position].map { MessageJSON($0, found.state) }
        }
        let isFull = found.count == wanted.limit
        let last = found.last.map {
            ChatStore.Place(sequence: wanted.isInSequence ? $0.sequence : nil, row: $0.id)
        }
        return MessagePage(messages: messages, next: isFull ? last?.text : nil)
    }

    /// Chats for whoever runs the server.
    package func everyChat(limit: Int) async throws -> [ChatStore.Chat] {
        try await database.read {
            try await ChatStore.chats(after: nil, limit: limit, granted: [], in: $0)
        }
    }

    /// The last messages of a chat, the latest first, for whoever runs the server.
    package func history(of chat: Int64, limit: Int) async throws -> [MessageJSON] {
        var query = ChatStore.MessageQuery(limit: limit, granted: [])
        query.chat = chat
        return try await messages(query).messages
    }

    /// Whether what a caller asks for can be within reach; what exactly, each query says.
    func check(_ chat: Int64, for caller: Caller) throws(APIError) {
        guard caller.reach.read.mayHold(chat: chat) else {
            throw APIError(.notFound, "There is no such chat")
        }
    }
}
