import Base
import HTTPClient
import HTTPServer
import Kernel
import Reactor
import StoreTesting
import Testing
import Wire

@testable import Sending

/// The routes of a house that sends, over real sockets.
struct SendDoor: Sendable {
    let house: SendHouse
    private let client: HTTPClient
    private let base: String

    /// Who sends a request: by name, as the gate would find out.
    private static let callers: [String: Caller] = [
        "all": SendHouse.caller,
        "five": Caller(
            userID: 5, userName: "five", credential: .token, roles: [],
            permissions: [.chatsRead, .chatsSend],
            reach: ChatReach(
                read: .init([.chat(5)]), send: .init([.of(chats: [5, 6], sources: [])]), manage: .nothing)),
        "none": Caller(
            userID: 6, userName: "none", credential: .token, roles: [],
            permissions: [.chatsRead, .chatsSend],
            reach: .nothing),
    ]

    static func open(
        _ change: (inout Sends.Parts) -> Void = { _ in }, _ body: (SendDoor) async throws -> Void
    ) async throws {
        try await SendHouse.open(.sqlite, change) { house in
            let address = try #require(SocketAddress("127.0.0.1:0"))
            let loops = try TestLoops.shared.get()
            let server = HTTPServer(
                addresses: [address], on: loops,
                router: Router(SendRoutes(house.sends, AuditLog(house.database)).routes),
                middleware: [
                    { request, next in
                        var request = request
                        request.caller = Self.callers[request.fields["x-caller"] ?? ""]
                        return try await next(request)
                    }
                ])
            try await server.start()
            let listening = try #require(server.listening.first)
            let client = try HTTPClient(on: loops.next())
            try await body(SendDoor(house: house, client: client, base: "http://\(listening)"))
            await client.shutdown()
            _ = await server.stop(by: EventLoop.clock() + 1_000_000_000)
        }
    }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, as caller: String = "all",
        key: String? = nil, type: String? = nil
    ) async throws -> (status: Int, json: JSONValue) {
        var request = HTTPClientRequest(method, base + path, fields: ["x-caller": caller])
        if let key { request.fields.append("idempotency-key", key) }
        if let type { request.fields.append("content-type", type) }
        if let body { request.body = .bytes(Bytes(body)) }
        let response = try await client.send(request)
        return (response.status, JSONValue(try JSON.parse(response.body).root))
    }
}
