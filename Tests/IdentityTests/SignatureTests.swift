import Base
import Crypto
import HTTPServer
import Kernel
import StoreTesting
import Testing
import Wire

@testable import Identity

@Suite struct SignatureTests {
    /// Whoever signs with a key, as a client would.
    struct Signer {
        let id: String
        let key: HMACKey

        init(_ made: Keys.Made) throws {
            id = made.key.id
            key = HMACKey(try #require(made.signingSecret.flatMap { Hex.decode($0) }))
        }

        func fields(
            _ method: String, _ target: String, _ body: String = "", at now: Timestamp,
            nonce: String = Hex.encode(SecureRandom.bytes(12))
        ) throws -> HeaderFields {
            let parts = target.split(separator: "?", maxSplits: 1)
            let request = try SignedRequest(
                method: method, path: Bytes(parts[0]), query: Bytes(parts.count == 2 ? parts[1] : ""),
                bodyHash: SHA256.hash(Bytes(body)), timestamp: now.seconds, nonce: nonce)
            let parameters = SignatureParameters(
                keyID: id, timestamp: now.seconds, nonce: nonce, signature: request.sign(with: key))
            return ["authorization": parameters.text]
        }
    }

    @Test(arguments: Backend.allCases) func `a signed request is let in, and its body arrives`(
        backend: Backend
    )
        async throws
    {
        try await House.open(backend) { house in
            let user = try await house.user("olga", ["operator"])
            let signer = try Signer(try await house.key(user) { $0.canSign = true })
            let fields = try signer.fields("POST", "/test/bots/x?a=1", "hello", at: house.clock.now)
            let answer = try await house.send(.post, "/test/bots/x?a=1", "hello", fields: fields)
            #expect(answer.status == 200 && answer.data["body"]?.text == "hello")
        }
    }

    @Test func `whatever is altered makes the signature another's`() async throws {
        try await House.open { house in
            let user = try await house.user("olga", ["operator"])
            let signer = try Signer(try await house.key(user) { $0.canSign = true })
            func signed() throws -> HeaderFields {
                try signer.fields("POST", "/test/bots/x?a=1", "hello", at: house.clock.now)
            }
            let attempts: [(HTTPMethod, String, String)] = [
                (.post, "/test/bots/x?a=1", "hullo"), (.post, "/test/bots/x?a=2", "hello"),
                (.post, "/test/bots/y?a=1", "hello"), (.post, "/test/bots/x", "hello"),
                (.post, "/test/bots/%78?a=1", "hello"),
            ]
            for (method, target, body) in attempts {
                #expect(try await house.send(method, target, body, fields: try signed()).status == 401)
            }
            #expect(
                try await house.send(.post, "/test/bots/x?a=1", "hello", fields: try signed()).status == 200)
        }
    }

    @Test func `a request that is sent again is refused, on another node as well`() async throws {
        try await House.open { house in
            try await house.neighbour { other in
                let user = try await house.user("olga", ["operator"])
                let signer = try Signer(try await house.key(user) { $0.canSign = true })
                let fields = try signer.fields("GET", "/test/bots", at: house.clock.now)
                #expect(try await house.send(.get, "/test/bots", fields: fields).status == 200)
                #expect(try await house.send(.get, "/test/bots", fields: fields).status == 401)
                #expect(try await other.send(.get, "/test/bots", fields: fields).status == 401)
            }
        }
    }

    @Test(arguments: zip([-301, -299, 299, 301], [401, 200, 200, 401]))
    func `clocks may be five minutes apart`(seconds: Int, status: Int) async throws {
        try await House.open { house in
            let user = try await house.user("olga", ["operator"])
            let signer = try Signer(try await house.key(user) { $0.canSign = true })
            let fields = try signer.fields("GET", "/test/bots", at: house.clock.now + .seconds(seconds))
            #expect(try await house.send(.get, "/test/bots", fields: fields).status == status)
        }
    }

    @Test func `a key that cannot sign, or is revoked, signs nothing`() async throws {
        try await House.open { house in
            let user = try await house.user("olga", ["operator"])
            let plain = try await house.key(user)
            let made = try await house.key(user) { $0.canSign = true }
            let signer = try Signer(made)
            var fields = try signer.fields("GET", "/test/bots", at: house.clock.now)
            #expect(try await house.send(.get, "/test/bots", fields: fields).status == 200)
            try await house.identity.keys.revoke(made.key.id, by: .console)
            fields = try signer.fields("GET", "/test/bots", at: house.clock.now)
            #expect(try await house.send(.get, "/test/bots", fields: fields).status == 401)
            let text = try #require(fields["authorization"])
            let other: HeaderFields = ["authorization": text.replacing(made.key.id, with: plain.key.id)]
            #expect(try await house.send(.get, "/test/bots", fields: other).status == 401)
        }
    }
}

extension String {
    fileprivate func replacing(_ part: String, with other: String) -> String {
        guard let range = firstRange(of: part) else { return self }
        return self[..<range.lowerBound] + other + self[range.upperBound...]
    }
}
