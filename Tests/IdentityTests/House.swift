import Base
import Bus
import Crypto
import HTTPClient
import HTTPServer
import Kernel
import Reactor
import Store
import StoreTesting
import Testing
import Wire

@testable import Identity

/// A node with users, keys and the gate before its routes, on a free port, for one test.
final class House: Sendable {
    /// A password that is long enough.
    static let password = "correct horse"
    let clock: ManualClock
    let database: any Database
    let bus: any Bus
    let identity: Identity
    let audit: AuditLog
    let vault: Vault
    private let client: HTTPClient
    private let server: HTTPServer
    private let pool: BlockingPool
    private let base: String

    private init(
        _ database: any Database, _ bus: any Bus, _ clock: ManualClock, _ vault: Vault,
        _ change: (inout Identity.Parts) -> Void
    ) async throws {
        let group = try TestLoops.shared.get()
        (self.clock, self.database, self.bus, self.vault) = (clock, database, bus, vault)
        audit = AuditLog(database, clocks: clock.clocks)
        pool = try BlockingPool(threads: 1, waiting: 32)
        let cheap = Argon2Cost(memoryKiB: 64, passes: 1, lanes: 1) ?? .standard
        var parts = Identity.Parts(
            database: database, vault: vault, bus: bus, audit: audit,
            passwords: Passwords(pool: pool, cost: cheap, keyCost: cheap), rates: nil)
        parts.clocks = clock.clocks
        change(&parts)
        identity = Identity(parts)
        for service in identity.services { try await service.start() }
        let address = try #require(SocketAddress("127.0.0.1:0"))
        server = HTTPServer(
            addresses: [address], on: group, router: Router(identity.routes + Self.routes),
            middleware: [identity.gate.middleware],
            // Who speaks for others is this machine itself.
            proxies: TrustedProxies([try #require(AddressRange("127.0.0.1"))]))
        try await server.start()
        base = "http://\(try #require(server.listening.first))"
        client = try HTTPClient(on: group.next())
    }

    /// Routes of every access, beside those of the room.
    private static var routes: [Route] {
        [
            Route(.get, "/test/open", .open) { Envelope.done($0) },
            Route(.get, "/test/signed-in", .signedIn, token: .query) { Envelope.done($0) },
            Route(.get, "/test/bots", .needs(.botsRead)) { Envelope.done($0) },
            Route(.post, "/test/bots/{name}", .needs(.botsManage)) { request in
                let body = try await request.body.collect(max: 1000)
                return Envelope.success(to: request) { $0.object { $0.field("body", body.repairedText) } }
            },
        ]
    }

    /// Lends a node over a fresh database.
    static func open(
        _ backend: Backend = .sqlite, _ change: (inout Identity.Parts) -> Void = { _ in },
        _ body: (House) async throws -> Void
    ) async throws {
        try await withDatabase(backend) { database in
            try await Migrator(
                database,
                [
                    LogSchema.migration, VaultSchema.migration(2), IdentitySchema.migration(3),
                    AuditSchema.migration(4),
                ]
            ).up()
            let vault = Vault(try KeyRing([VaultKey.random(id: 1, createdAt: Timestamp(seconds: 1))]))
            let house = try await House(database, InProcessBus(), ManualClock(), vault, change)
            do { try await body(house) } catch {
                await house.close()
                throw error
            }
            await house.close()
        }
    }

    /// Lends a second node over the same database and bus.
    func neighbour(bus other: (any Bus)? = nil, _ body: (House) async throws -> Void) async throws {
        let house = try await House(database, other ?? bus, clock, vault) { _ in }
        do { try await body(house) } catch {
            await house.close()
            throw error
        }
        await house.close()
    }

    private func close() async {
        await client.shutdown()
        _ = await server.stop(by: EventLoop.clock() + 2_000_000_000)
        pool.shutdown()
    }

    // MARK: Requests

    /// What came back.
    struct Answer: Sendable {
        let status: Int
        let fields: HeaderFields
        let json: JSONValue
        var code: String? { json["error"]?["code"]?.text }
        var data: JSONValue { json["data"] ?? .null }
    }

    func send(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, token: String? = nil,
        fields: HeaderFields = HeaderFields()
    ) async throws -> Answer {
        var request = HTTPClientRequest(method, base + path, fields: fields)
        if let token { request.fields.append("authorization", "Bearer \(token)") }
        if let body { request.body = .bytes(Bytes(body)) }
        let response = try await client.send(request)
        let json = response.body.isEmpty ? JSONValue.null : JSONValue(try JSON.parse(response.body).root)
        return Answer(status: response.status, fields: response.fields, json: json)
    }

    // MARK: People

    /// A user with roles, made by the operator.
    @discardableResult
    func user(_ name: String, _ roles: [String]) async throws -> User {
        try await identity.users.create(
            Users.Draft(username: name, password: Secret(Self.password), roles: roles), by: .console)
    }

    /// The tokens of a login.
    func login(_ name: String, _ password: String = House.password) async throws -> (
        access: String, refresh: String
    ) {
        let answer = try await send(
            .post, "/api/v1/auth/login", #"{"username":"\#(name)","password":"\#(password)"}"#)
        return (
            try #require(answer.data["accessToken"]?.text), try #require(answer.data["refreshToken"]?.text)
        )
    }

    /// A key of a user; signed in by nobody.
    func key(_ user: User, _ change: (inout Keys.Draft) -> Void = { _ in }) async throws -> Keys.Made {
        var draft = Keys.Draft(name: "test")
        change(&draft)
        return try await identity.keys.create(draft, for: user.id, by: .console)
    }
}

extension JSONValue {
    subscript(name: String) -> JSONValue? { if case .object(let fields) = self { fields[name] } else { nil } }
    subscript(index: Int) -> JSONValue? {
        if case .array(let items) = self, items.indices.contains(index) { items[index] } else { nil }
    }
    var text: String? { if case .string(let text) = self { text } else { nil } }
    var items: [JSONValue] { if case .array(let items) = self { items } else { [] } }
}
