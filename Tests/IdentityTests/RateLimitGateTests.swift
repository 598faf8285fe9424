import Base
import Kernel
import Reactor
import Testing
import Wire

@testable import HTTPServer
@testable import Identity

@Suite struct RateLimitGateTests {
    private static let group = Result { () throws(SystemError) in try EventLoopGroup(count: 1) }

    private static let routes = Router([
        Route(.get, "/open", .open) { _ in Response() },
        Route(.get, "/broken", .open) { _ in throw Broken() },
        Route(.get, "/bulk", .open, rate: .bulk) { _ in Response() },
        Route(.get, "/health", .open, rate: .unlimited) { _ in Response() },
    ])

    private struct Broken: Error {}

    private let clock = ManualClock()
    private let limits: RateLimits

    init() {
        var policy = RatePolicy()
        policy.caller = .init(1, each: .seconds(2), burst: 10)
        policy.address = .init(1, each: .seconds(2), burst: 4)
        policy.delayMax = .zero
        policy.blockAfter = 2
        limits = RateLimits(policy, clocks: clock.clocks)
    }

    private func request(_ path: String, from peer: String = "1.2.3.4:5") async throws -> Request {
        let loop = try Self.group.get().loops[0]
        let connection = ConnectionInfo(
            loop: loop, peer: try #require(SocketAddress(peer)), tls: nil, drain: DrainSignal())
        // On the loop, as the server does it: a request takes the loop's time.
        return await loop.run {
            Request(
                method: .get, target: Bytes(path), fields: ["host": "a"], version: .http11, body: .empty,
                id: IDSource().requestID(), connection: connection)
        }
    }

    /// What a server answers that has nothing but the gate before its routes.
    private func answer(_ path: String, from peer: String = "1.2.3.4:5", as caller: Caller? = nil)
        async throws
        -> Response
    {
        let responder = Responder(
            router: Self.routes, middleware: [RateLimitGate(limits).middleware], logger: .silent)
        var request = try await request(path, from: peer)
        request.caller = caller
        _ = responder.route(&request)
        return await responder.respond(to: request)
    }

    private func fields(_ response: Response) -> [String: String] {
        var fields: [String: String] = [:]
        for field in response.fields where field.name.text?.hasPrefix("ratelimit") == true {
            fields[field.name.repairedText] = field.value.text
        }
        return fields
    }

    private func standing(_ limit: Int, _ remaining: Int, _ reset: Int, warns: Bool = false)
        -> [String: String]
    {
        var fields = [
            "ratelimit-limit": "\(limit)", "ratelimit-remaining": "\(remaining)",
            "ratelimit-reset": "\(reset)",
        ]
        if warns { fields["ratelimit-warning"] = "1" }
        return fields
    }

    private func caller(_ id: Int64, key: String? = nil) -> Caller {
        Caller(
            userID: id, userName: "a", keyID: key, credential: .token, roles: [], permissions: [],
            reach: .nothing)
    }

    @Test func `every answer says from the start what is left`() async throws {
        #expect(try await fields(answer("/open")) == standing(4, 3, 2))
        #expect(try await fields(answer("/open")) == standing(4, 2, 4))
        clock.advance(by: .milliseconds(1500))
        #expect(try await fields(answer("/open")) == standing(4, 1, 6))
        #expect(try await fields(answer("/open")) == standing(4, 0, 8, warns: true))
    }

    @Test(arguments: zip(["/nowhere", "/broken", "/%zz"], [404, 500, 400]))
    func `errors say it as well`(path: String, status: UInt16) async throws {
        let response = try await answer(path)
        #expect(response.status.rawValue == status)
        #expect(fields(response) == standing(4, 3, 2))
    }

    @Test func `a refusal says when to come again, and how far beyond the limit it is`() async throws {
        for _ in 0..<4 { _ = try await answer("/open") }
        clock.advance(by: .milliseconds(300))
        let response = try await answer("/open")
        #expect(response.status.rawValue == 429)
        #expect(response.fields["retry-after"] == "2")
        #expect(fields(response) == standing(4, 0, 8, warns: true))
        guard case .bytes(let body) = response.body else {
            Issue.record("no body")
            return
        }
        #expect(
            body
                == #"{"success":false,"error":{"code":"RATE_LIMITED","message":"Too many requests","details":{"retryAfter":2,"limit":4,"current":5}}}"#
        )
    }

    @Test func `whoever goes on is blocked, and told for how long`() async throws {
        for _ in 0..<6 { _ = try await answer("/open") }
        let response = try await answer("/open")
        #expect(response.status.rawValue == 429)
        #expect(response.fields["retry-after"] == "30")
        #expect(fields(response) == standing(4, 0, 30, warns: true))
        clock.advance(by: .seconds(30))
        #expect(try await answer("/open").status == .ok)
    }

    @Test func `what is unlimited says nothing and is always answered`() async throws {
        for _ in 0..<50 {
            let response = try await answer("/health")
            #expect(response.status == .ok)
            #expect(fields(response).isEmpty)
        }
    }

    @Test func `callers are counted by who they are, others by their address`() async throws {
        for _ in 0..<5 { _ = try await answer("/open") }
        #expect(try await fields(answer("/open", as: caller(1))) == standing(10, 9, 2))
        #expect(try await fields(answer("/open", from: "9.9.9.9:1", as: caller(1))) == standing(10, 8, 4))
        #expect(try await fields(answer("/open", as: caller(1, key: "hg_1"))) == standing(10, 9, 2))
        #expect(try await fields(answer("/open", from: "9.9.9.9:1")) == standing(4, 3, 2))
    }

    @Test func `a request without a route is nobody's`() async throws {
        #expect(try await fields(answer("/nowhere", as: caller(1))) == standing(4, 3, 2))
    }

    @Test func `bulk requests say what is left for them`() async throws {
        #expect(try await fields(answer("/bulk", as: caller(1))) == standing(4, 3, 4))
        _ = try await answer("/open", as: caller(1))
        #expect(try await fields(answer("/bulk", as: caller(1))) == standing(4, 1, 10))
    }

    @Test func `a request that is held up is answered in the end`() async throws {
        var policy = RatePolicy()
        policy.address = .init(1000, each: .seconds(1), burst: 1)
        policy.delayMax = .milliseconds(2)
        policy.delayedMax = 1
        limits.update(policy)
        for _ in 0..<3 {
            _ = try await answer("/open")
            // The manual clock stands still, so it is the loop's that is waited for.
            let held = try await answer("/open")
            #expect(held.status == .ok)
            #expect(fields(held)["ratelimit-remaining"] == "0")
            clock.advance(by: .seconds(1))
        }
    }

    @Test func `credentials are not looked at after too many wrong ones`() async throws {
        let gate = RateLimitGate(limits)
        let request = try await request("/open")
        let other = try await self.request("/open", from: "[2001:db8::1]:1")
        for _ in 0..<20 {
            try gate.checkCredentials(of: request)
            gate.noteWrongCredentials(of: request)
        }
        let error = #expect(throws: APIError.self) { try gate.checkCredentials(of: request) }
        #expect(error?.code == .rateLimited)
        #expect(error?.fields["retry-after"] == "6")
        #expect(error?.details["retryAfter"] == .integer(6))
        try gate.checkCredentials(of: other)
    }

    @Test(arguments: zip([Duration.zero, .nanoseconds(1), .seconds(1), .milliseconds(1001)], [1, 1, 1, 2]))
    func `times are told in whole seconds that are long enough`(time: Duration, seconds: Int) {
        #expect(time.secondsRoundedUp == seconds)
    }
}
