import Base
import Bus
import Crypto
import HTTPServer
import Kernel
import Reactor
import StoreTesting
import Testing
import Wire

@testable import Identity

@Suite struct KeyTests {
    @Test(arguments: Backend.allCases)
    func `a key does what its scopes and its user allow, and no more`(backend: Backend) async throws {
        try await House.open(backend) { house in
            let user = try await house.user("olga", ["operator"])
            let key = try await house.key(user) { $0.scopes = ["bots.read", "users.manage"] }
            #expect(try await house.send(.get, "/test/bots", token: key.text).status == 200)
            let fields: HeaderFields = ["x-api-key": key.text]
            #expect(try await house.send(.get, "/test/bots", fields: fields).status == 200)
            #expect(try await house.send(.post, "/test/bots/x", "{}", token: key.text).status == 403)
            // In the scopes, but nothing that an operator may do.
            let answer = try await house.send(.post, "/api/v1/users", "{}", token: key.text)
            #expect(answer.status == 403)
        }
    }

    @Test func `a key is shown once`() async throws {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            let token = try await house.login("ada").access
            let made = try await house.send(
                .post, "/api/v1/apikeys", #"{"name":"ci","scopes":["bots.read"],"can_sign":true}"#,
                token: token)
            #expect(made.status == 201)
            let text = try #require(made.data["key"]?.text)
            let secret = try #require(made.data["signingSecret"]?.text)
            let list = try await house.send(.get, "/api/v1/apikeys", token: token)
            let shown = "\(list.json)"
            #expect(shown.contains("ci") && !shown.contains(text.suffix(43)) && !shown.contains(secret))
        }
    }

    @Test func `a revoked key opens nothing, at once, on another node as well`() async throws {
        try await House.open { house in
            try await house.neighbour { other in
                let user = try await house.user("olga", ["operator"])
                let key = try await house.key(user)
                for node in [house, other] {
                    #expect(try await node.send(.get, "/test/bots", token: key.text).status == 200)
                }
                try await house.identity.keys.revoke(key.key.id, by: .console)
                #expect(try await house.send(.get, "/test/bots", token: key.text).status == 401)
                // What the service does once a second, and when it is hinted at.
                try await other.identity.changes.catchUp()
                #expect(try await other.send(.get, "/test/bots", token: key.text).status == 401)
            }
        }
    }

    @Test func `a key ends when it is said to`() async throws {
        try await House.open { house in
            let key = try await house.key(try await house.user("olga", ["operator"])) { $0.expiresInDays = 1 }
            house.clock.advance(by: .seconds(86_399))
            #expect(try await house.send(.get, "/test/bots", token: key.text).status == 200)
            house.clock.advance(by: .seconds(1))
            #expect(try await house.send(.get, "/test/bots", token: key.text).status == 401)
        }
    }

    @Test(arguments: zip([["127.0.0.0/8"], ["10.0.0.0/8", "::1"]], [200, 401]))
    func `a key opens only from where it may be used`(ranges: [String], status: Int) async throws {
        try await House.open { house in
            let key = try await house.key(try await house.user("olga", ["operator"])) {
                $0.addresses = ranges
            }
            #expect(try await house.send(.get, "/test/bots", token: key.text).status == status)
        }
    }

    @Test func `the right id with the wrong secret is nobody, like an id that is not there`() async throws {
        try await House.open { house in
            let key = try await house.key(try await house.user("olga", ["operator"]))
            let secret = String(repeating: "A", count: 43)
            for text in ["hg_\(key.key.id)_\(secret)", "hg_\(String(repeating: "a", count: 16))_\(secret)"] {
                let answer = try await house.send(.get, "/test/bots", token: text)
                #expect(answer.status == 401 && answer.code == "UNAUTHORIZED")
            }
        }
    }

    @Test func `a key cannot make keys`() async throws {
        try await House.open { house in
            let key = try await house.key(try await house.user("ada", ["admin"]))
            let answer = try await house.send(
                .post, "/api/v1/apikeys", #"{"name":"child","scopes":["bots.read"]}"#, token: key.text)
            #expect(answer.status == 403)
        }
    }

    @Test func `two credentials are refused, whichever is good`() async throws {
        try await House.open { house in
            let key = try await house.key(try await house.user("olga", ["operator"]))
            let other = "Bearer hg_aaaaaaaaaaaaaaaa_" + String(repeating: "A", count: 43)
            let pairs: [HeaderFields] = [
                ["authorization": "Bearer \(key.text)", "x-api-key": key.text],
                ["authorization": "Bearer \(key.text)", "Authorization": other],
            ]
            for fields in pairs {
                #expect(try await house.send(.get, "/test/bots", fields: fields).status == 400)
            }
        }
    }

    @Test func `a token in the query is taken only where it is said to be`() async throws {
        try await House.open { house in
            let key = try await house.key(try await house.user("olga", ["operator"]))
            #expect(try await house.send(.get, "/test/signed-in?token=\(key.text)").status == 200)
            #expect(try await house.send(.get, "/test/bots?token=\(key.text)").status == 401)
        }
    }

    @Test func `the use of a key is noted`() async throws {
        try await House.open { house in
            let key = try await house.key(try await house.user("olga", ["operator"]))
            _ = try await house.send(.get, "/test/bots", token: key.text)
            _ = await house.identity.stop(by: 0)
            #expect(try await house.identity.keys.key(key.key.id)?.usedAt == house.clock.now)
        }
    }
}

@Suite struct AddressRangeTests {
    @Test(arguments: [
        ("10.0.0.0/8", "10.255.0.1:1", true), ("10.0.0.0/8", "11.0.0.1:1", false),
        ("0.0.0.0/0", "1.2.3.4:1", true),
        ("192.168.1.5", "192.168.1.5:9", true), ("192.168.1.5", "192.168.1.6:9", false),
        ("2001:db8::/32", "[2001:db8:1::1]:1", true), ("2001:db8::/32", "[2001:db9::1]:1", false),
        ("127.0.0.0/9", "[::ffff:127.0.0.1]:1", true), ("127.0.0.0/8", "unix:/x", false),
        ("::/0", "1.2.3.4:1", false),
        ("10.0.0.128/25", "10.0.0.127:1", false), ("10.0.0.128/25", "10.0.0.200:1", true),
    ])
    func `a range holds its addresses`(range: String, address: String, isHeld: Bool) throws {
        let range = try #require(AddressRange(range))
        #expect(range.contains(try #require(SocketAddress(address))) == isHeld)
    }

    @Test(arguments: [
        "", "10.0.0.0/33", "10.0.0.1/8", "10.0.0.0/08", "10.0.0.0/-1", "host", "10.0.0.0/8/8", "::/129",
    ])
    func `what is no range is refused`(text: String) { #expect(AddressRange(text) == nil) }
}
