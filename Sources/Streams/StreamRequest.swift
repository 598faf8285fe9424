package import Base
import Kernel
import Wire

/// What a client of a WebSocket asks for.
package struct StreamRequest: Sendable, Equatable {
    enum Action: String, Decodable, Sendable { case subscribe, unsubscribe, ping }

    let action: Action
    let scope: EventFilter.Scope
    /// How both sides call the subscription: by what it is about.
    package let name: String
    let start: ReadStart
    let kinds: Set<String>

    /// Kinds that one subscription may name.
    private static let kindsMax = 64

    private struct Body: Decodable {
        var action: Action
        var chatId: Number?
        var botId: Number?
        var accountId: Number?
        var all: Bool?
        var cursor: String?
        var kinds: [String]?
    }

    /// A number, or its text: numbers beyond 2^53 are texts.
    private struct Number: Decodable {
        let value: Int64

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            // Where it is no number, the other of the two forms is tried.
            if let number = try? container.decode(Int64.self) {
                value = number
                return
            }
            guard let number = Int64(try container.decode(String.self)) else {
                throw DecodingError.dataCorruptedError(in: container, debugDescription: "not a whole number")
            }
            value = number
        }
    }

    /// Why a message is no request.
    package struct Mistake: Error, Equatable {
        /// What is wrong, in words for people.
        package let message: String
    }

    /// Reads a message of the client.
    package init(_ text: Bytes) throws(Mistake) {
        let body: Body
        do {
            body = try JSON.decode(Body.self, from: text, options: .init(keys: .eitherCase, root: "message"))
        } catch {
            throw Mistake(message: "\(error.path.map { $0 + ": " } ?? "")\(error.message)")
        }
        action = body.action
        kinds = Set(body.kinds ?? [])
        guard kinds.count <= Self.kindsMax, kinds.allSatisfy({ (1...64).contains($0.utf8.count) }) else {
            throw Mistake(message: "message.kinds: at most \(Self.kindsMax), each of 1 to 64 bytes")
        }
        var scopes: [(EventFilter.Scope, String)] = []
        if let id = body.chatId?.value { scopes.append((.chat(id), "chat:\(id)")) }
        if let id = body.botId?.value { scopes.append((.source(.bot(id)), "bot:\(id)")) }
        if let id = body.accountId?.value { scopes.append((.source(.account(id)), "account:\(id)")) }
        if body.all == true { scopes.append((.everything, "all")) }
        if action == .ping { scopes = [(.everything, "")] }
        guard let (scope, name) = scopes.first, scopes.count == 1 else {
            throw Mistake(message: "message: needs one of chat_id, bot_id, account_id and all")
        }
        (self.scope, self.name) = (scope, name)
        switch body.cursor {
        case nil, "now": start = .now
        case "start": start = .start
        case let text?:
            guard let number = Int64(text), number >= 0 else {
                throw Mistake(message: "message.cursor: a cursor of an event, `now` or `start`")
            }
            start = .after(Position(number))
        }
    }
}
