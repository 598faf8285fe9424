import Base
import HTTPClient
import Reactor
import Testing
import Wire

@testable import Simulator

/// A running simulator with a client, for one test.
struct House: Sendable {
    let simulator: Simulator
    let clock: ManualClock
    let group: EventLoopGroup
    private let client: HTTPClient

    /// Lends one; its clock stands still.
    static func open(
        _ change: (inout Simulator.Settings) -> Void = { _ in },
        _ body: @escaping @Sendable (House) async throws -> Void
    ) async throws {
        let clock = ManualClock()
        var settings = Simulator.Settings()
        settings.clocks = clock.clocks
        settings.rates.areEnforced = false
        settings.retryFirst = .milliseconds(20)
        settings.retryMax = .milliseconds(40)
        change(&settings)
        let group = try EventLoopGroup(count: 2)
        defer { group.shutdown() }
        let client = try HTTPClient(on: group.loops[1])
        do {
            try await Simulator.withRunning(on: group, settings) { simulator in
                try await body(House(simulator: simulator, clock: clock, group: group, client: client))
            }
        } catch {
            await client.shutdown()
            throw error
        }
        await client.shutdown()
    }

    /// What came back.
    struct Answer: Sendable {
        let status: Int
        let fields: HeaderFields
        let body: Bytes
        let json: JSONValue
        var result: JSONValue { json["result"] ?? .null }
        var words: String? { json["description"]?.string }
    }

    func send(
        _ path: String, _ body: Bytes? = nil, type: String = "application/json"
    ) async throws -> Answer {
        var request = HTTPClientRequest(body == nil ? .get : .post, simulator.baseURL + path)
        if let body {
            request.fields.append("content-type", type)
            request.body = .bytes(body)
        }
        request.bodyBytesMax = 64 << 20
        let response = try await client.send(request)
        let parsed =
            response.fields["content-type"] == "application/json" ? try JSON.parse(response.body) : nil
        return Answer(
            status: response.status, fields: response.fields, body: response.body,
            json: parsed.map { JSONValue($0.root) } ?? .null)
    }

    /// An action of the control API, over the wire; must succeed.
    @discardableResult
    func sim(_ action: String, _ arguments: JSONValue = [:]) async throws -> JSONValue {
        let answer = try await send("/sim/\(action)", Bytes(arguments.description))
        #expect(answer.status == 200, "\(action): \(answer.words ?? "")")
        return answer.result
    }

    /// A method of the Bot API, over the wire.
    func call(_ bot: Bot, _ method: String, _ arguments: JSONValue = [:]) async throws -> Answer {
        try await send("/bot\(bot.token)/\(method)", Bytes(arguments.description))
    }

    /// The updates that wait for a bot.
    func updates(_ bot: Bot, _ arguments: JSONValue = [:]) async throws -> [JSONValue] {
        try await call(bot, "getUpdates", arguments).result.array ?? []
    }

    struct Bot: Sendable {
        let id: Int64
        let token: String
    }

    func bot(_ username: String = "a_bot", readsAll: Bool = true) throws -> Bot {
        let made = try simulator.addBot(name: "A Bot", username: username, readsAll: readsAll)
        return Bot(id: made.id, token: made.token)
    }

    func user(_ name: String = "Ada") throws -> Int64 {
        try simulator.act { try $0.addUser(firstName: name).id }
    }

    /// A person says something in a private chat.
    @discardableResult
    func say(_ text: String, _ user: Int64, to bot: Bot) throws -> Message {
        try simulator.act {
            try $0.post(.init(.text(StyledText(text))), to: .pair(user: user, bot: bot.id), by: user)
        }
    }

    /// A person says something in a group.
    @discardableResult
    func say(_ text: String, _ user: Int64, in chat: Int64) throws -> Message {
        try simulator.act { try $0.post(.init(.text(StyledText(text))), to: .chat(chat), by: user) }
    }

    func chat(_ kind: Chat.Kind, by creator: Int64, _ members: [Int64]) throws -> Int64 {
        try simulator.act {
            try $0.addChat(kind, title: "Chat", creator: creator, members: members).peer.id(seenBy: 0)
        }
    }

    /// Waits until something holds.
    func wait(_ what: String, until holds: () async throws -> Bool) async throws {
        let deadline = EventLoop.clock() + 30_000_000_000
        while try await !holds() {
            guard EventLoop.clock() < deadline else {
                Issue.record("waited in vain: \(what)")
                return
            }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}
