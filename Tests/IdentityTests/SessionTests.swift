import Base
import Crypto
import Kernel
import Store
import StoreTesting
import Testing

@testable import Identity
import Wire

@Suite struct SessionTests {
    @Test(arguments: Backend.allCases) func `a login opens what its roles allow`(backend: Backend)
        async throws
    {
        try await House.open(backend) { house in
            try await house.user("vera", ["viewer"])
            let token = try await house.login("Vera").access
            #expect(try await house.send(.get, "/test/signed-in", token: token).status == 200)
            #expect(try await house.send(.get, "/test/bots", token: token).status == 200)
            let refused = try await house.send(.post, "/test/bots/x", "{}", token: token)
            #expect(refused.status == 403 && refused.code == "FORBIDDEN")
            let me = try await house.send(.get, "/api/v1/auth/me", token: token)
            #expect(me.data["user"]?["username"]?.text == "vera")
        }
    }

    @Test func `without a credential there is nothing but what is open`() async throws {
        try await House.open { house in
            #expect(try await house.send(.get, "/test/open").status == 200)
            let answer = try await house.send(.get, "/test/signed-in")
            #expect(answer.status == 401 && answer.fields["www-authenticate"] == "Bearer")
        }
    }

    @Test(arguments: Backend.allCases)
    func `a refresh token is good once, and its second use ends the session`(backend: Backend) async throws {
        try await House.open(backend) { house in
            try await house.user("ada", ["admin"])
            let first = try await house.login("ada")
            let renewed = try await house.send(
                .post, "/api/v1/auth/refresh", #"{"refresh_token":"\#(first.refresh)"}"#)
            let second = try #require(renewed.data["accessToken"]?.text)
            #expect(try await house.send(.get, "/test/signed-in", token: second).status == 200)
            let replay = try await house.send(
                .post, "/api/v1/auth/refresh", #"{"refreshToken":"\#(first.refresh)"}"#)
            #expect(replay.status == 401)
            for token in [first.access, second] {
                #expect(try await house.send(.get, "/test/signed-in", token: token).status == 401)
            }
            let last = try #require(renewed.data["refreshToken"]?.text)
            let after = try await house.send(.post, "/api/v1/auth/refresh", #"{"refreshToken":"\#(last)"}"#)
            #expect(after.status == 401)
        }
    }

    @Test func `an access token ends after fifteen minutes`() async throws {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            let token = try await house.login("ada").access
            house.clock.advance(by: .seconds(899))
            #expect(try await house.send(.get, "/test/signed-in", token: token).status == 200)
            house.clock.advance(by: .seconds(1))
            #expect(try await house.send(.get, "/test/signed-in", token: token).status == 401)
        }
    }

    @Test func `signing out ends the token at once`() async throws {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            let token = try await house.login("ada").access
            #expect(try await house.send(.post, "/api/v1/auth/logout", token: token).status == 200)
            #expect(try await house.send(.get, "/test/signed-in", token: token).status == 401)
        }
    }

    @Test func `a new password ends the other sessions and keeps one's own`() async throws {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            let (other, own) = (try await house.login("ada").access, try await house.login("ada").access)
            let answer = try await house.send(
                .post, "/api/v1/auth/password",
                #"{"current_password":"\#(House.password)","new_password":"another long one"}"#, token: own)
            #expect(answer.status == 200)
            #expect(try await house.send(.get, "/test/signed-in", token: own).status == 200)
            #expect(try await house.send(.get, "/test/signed-in", token: other).status == 401)
            #expect(try await !house.login("ada", "another long one").access.isEmpty)
        }
    }

    @Test func `unknown names and wrong passwords get the same answer`() async throws {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            let answers = try await [
                house.send(.post, "/api/v1/auth/login", #"{"username":"ada","password":"wrong wrong"}"#),
                house.send(.post, "/api/v1/auth/login", #"{"username":"bob","password":"wrong wrong"}"#),
                house.send(.post, "/api/v1/auth/login", #"{"username":"' OR 1=1 --","password":"x"}"#),
            ]
            #expect(Set(answers.map(\.status)) == [401])
            #expect(Set(answers.map { $0.json["error"]?["message"]?.text ?? "" }).count == 1)
        }
    }

    @Test func `who guesses is slowed down, and comes in again later`() async throws {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            var statuses: [Int] = []
            for _ in 0..<7 {
                statuses.append(
                    try await house.send(
                        .post, "/api/v1/auth/login", #"{"username":"ada","password":"wrong wrong"}"#
                    ).status)
            }
            #expect(statuses == [401, 401, 401, 401, 401, 429, 429])
        }
    }

    @Test(arguments: [(nil, false), ("http", false), ("https", true)])
    func `cookies are for TLS alone where the client came by it`(proto: String?, isSecure: Bool) async throws
    {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            var fields = HeaderFields()
            if let proto { fields.append("x-forwarded-proto", proto) }
            let answer = try await house.send(
                .post, "/api/v1/auth/login",
                #"{"username":"ada","password":"\#(House.password)","cookie":true}"#, fields: fields)
            let cookies = answer.fields.all("set-cookie")
            #expect(cookies.count == 2)
            #expect(cookies.allSatisfy { $0.repairedText.contains("; Secure") == isSecure })
        }
    }

    @Test func `who guesses from many addresses of one network is slowed down as if from one`() async throws {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            var statuses: [Int] = []
            for address in ["2001:db8::1", "2001:db8::2", "2001:db8::3:4:5", "2001:db8::6", "2001:db8::7"] {
                statuses.append(try await guess(from: address, at: house))
            }
            statuses.append(try await guess(from: "2001:db8::ffff", at: house))
            statuses.append(try await guess(from: "2001:db8:0:1::1", at: house))
            #expect(statuses == [401, 401, 401, 401, 401, 429, 401])
        }
    }

    private func guess(from address: String, at house: House) async throws -> Int {
        try await house.send(
            .post, "/api/v1/auth/login", #"{"username":"ada","password":"wrong wrong"}"#,
            fields: ["x-forwarded-for": address]
        ).status
    }

    @Test func `a bcrypt hash lets in and is replaced`() async throws {
        try await House.open { house in
            let user = try await house.user("old", ["viewer"])
            // Openwall's crypt_blowfish, wrapper.c.
            let stored = "$2a$05$XXXXXXXXXXXXXXXXXXXXXOAcXxm9kjPGEMsLznoKqmqw7tc8WCx4a"
            try await house.database.write {
                try await UserStore.setPassword(stored, of: user.id, at: nil, in: $0)
            }
            _ = try await house.login("old", "U*U*U")
            let record = try await house.database.read { try await UserStore.record(user.id, in: $0) }
            #expect(record?.passwordHash?.hasPrefix("$argon2id$") == true)
            _ = try await house.login("old", "U*U*U")
        }
    }

    @Test func `tokens of the key before stay good when another signs`() async throws {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            let old = try await house.login("ada").access
            #expect(
                try await house.send(.post, "/api/v1/auth/rotate-signing-key", token: old).status == 200)
            let new = try await house.login("ada").access
            for token in [old, new] {
                #expect(try await house.send(.get, "/test/signed-in", token: token).status == 200)
            }
            #expect(old.split(separator: ".")[0] != new.split(separator: ".")[0])
        }
    }

    @Test func `a disabled user is out at once`() async throws {
        try await House.open { house in
            let user = try await house.user("vera", ["viewer"])
            try await house.user("ada", ["admin"])
            let (vera, ada) = (try await house.login("vera").access, try await house.login("ada").access)
            #expect(try await house.send(.get, "/test/signed-in", token: vera).status == 200)
            let answer = try await house.send(
                .patch, "/api/v1/users/\(user.id)", #"{"is_disabled":true}"#, token: ada)
            #expect(answer.status == 200)
            #expect(try await house.send(.get, "/test/signed-in", token: vera).status == 401)
            let login = try await house.send(
                .post, "/api/v1/auth/login", #"{"username":"vera","password":"\#(House.password)"}"#)
            #expect(login.status == 401)
        }
    }
}
