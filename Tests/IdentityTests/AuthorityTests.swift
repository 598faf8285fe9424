import Base
import Kernel
import Store
import StoreTesting
import Testing
import Wire

@testable import Identity

/// Nobody gives, or takes over, more than they have.
@Suite struct AuthorityTests {
    /// Somebody who may manage users, but is no administrator.
    private func clerk(_ house: House, chats: [String] = []) async throws -> String {
        try await house.user("ada", ["admin"])
        let ada = try await house.login("ada").access
        let role = try await house.send(
            .put, "/api/v1/roles/clerk",
            #"{"permissions":["users.read","users.manage","keys.create","keys.manage","chats.read","chats.manage","bots.read"]}"#,
            token: ada)
        #expect(role.status == 200)
        try await house.user("carl", ["clerk"])
        for chat in chats {
            let answer = try await house.send(
                .put, "/api/v1/grants",
                #"{"subject":"role:clerk","target":"\#(chat)","can_read":true,"can_manage":true}"#, token: ada
            )
            #expect(answer.status == 200)
        }
        return try await house.login("carl").access
    }

    @Test(arguments: ["admin", "operator", "viewer"])
    func `nobody makes a user who may do more`(role: String) async throws {
        try await House.open { house in
            let token = try await clerk(house)
            let answer = try await house.send(
                .post, "/api/v1/users",
                #"{"username":"mallory","password":"long enough","roles":["\#(role)"]}"#,
                token: token)
            #expect(answer.status == 403)
        }
    }

    @Test func `nobody sets the password of, disables or removes who may do more`() async throws {
        try await House.open { house in
            let token = try await clerk(house)
            for body in [
                #"{"password":"taken over now"}"#, #"{"is_disabled":true}"#, #"{"roles":["clerk"]}"#,
            ] {
                #expect(try await house.send(.patch, "/api/v1/users/1", body, token: token).status == 403)
            }
            #expect(try await house.send(.delete, "/api/v1/users/1", token: token).status == 403)
        }
    }

    @Test func `nobody makes a key for who may do more, or with more`() async throws {
        try await House.open { house in
            let token = try await clerk(house)
            for body in [
                #"{"name":"x","user_id":"1","scopes":["bots.read"]}"#,
                #"{"name":"x","scopes":["audit.read"]}"#,
                #"{"name":"x","scopes":["no.such"]}"#,
            ] {
                let answer = try await house.send(.post, "/api/v1/apikeys", body, token: token)
                #expect([403, 422].contains(answer.status))
            }
        }
    }

    @Test func `nobody makes a role that allows more, or changes one that does`() async throws {
        try await House.open { house in
            let token = try await clerk(house)
            let more = try await house.send(
                .put, "/api/v1/roles/clerk", #"{"permissions":["users.manage","audit.read"]}"#, token: token)
            #expect(more.status == 403)
            let builtIn = try await house.send(
                .put, "/api/v1/roles/admin", #"{"permissions":[]}"#, token: token)
            #expect(builtIn.status == 409)
        }
    }

    @Test func `nobody grants chats beyond their own, to others or to themselves`() async throws {
        try await House.open { house in
            let token = try await clerk(house, chats: ["chat:7", "bot:5"])
            func put(_ target: String, _ rights: String) async throws -> Int {
                try await house.send(
                    .put, "/api/v1/grants", #"{"subject":"user:2","target":"\#(target)",\#(rights)}"#,
                    token: token
                ).status
            }
            #expect(try await put("chat:7", #""can_read":true"#) == 200)
            #expect(try await put("bot:5", #""can_read":true"#) == 200)
            #expect(try await put("chat:7", #""can_send":true"#) == 403)
            #expect(try await put("chat:8", #""can_read":true"#) == 403)
            #expect(try await put("bot:6", #""can_read":true"#) == 403)
            #expect(try await put("account:5", #""can_read":true"#) == 403)
            #expect(try await put("*", #""can_read":true"#) == 403)
            let hidden = try await house.send(.get, "/api/v1/chats/8/permissions", token: token)
            #expect(hidden.status == 404)
        }
    }

    @Test func `nobody takes over a user who reaches more chats`() async throws {
        try await House.open { house in
            let token = try await clerk(house, chats: ["chat:7"])
            let ada = try await house.login("ada").access
            let far = try await house.user("far", [])
            let granted = try await house.send(
                .put, "/api/v1/grants", #"{"subject":"user:\#(far.id)","target":"chat:9","can_read":true}"#,
                token: ada)
            #expect(granted.status == 200)
            let answer = try await house.send(
                .patch, "/api/v1/users/\(far.id)", #"{"password":"taken over now"}"#, token: token)
            #expect(answer.status == 403)
        }
    }

    @Test(arguments: Backend.allCases) func `the last administrator stays`(backend: Backend) async throws {
        try await House.open(backend) { house in
            try await house.user("ada", ["admin"])
            let token = try await house.login("ada").access
            for body in [#"{"is_disabled":true}"#, #"{"roles":["viewer"]}"#] {
                #expect(try await house.send(.patch, "/api/v1/users/1", body, token: token).status == 409)
            }
            #expect(try await house.send(.delete, "/api/v1/users/1", token: token).status == 409)
            try await house.user("eve", ["admin"])
            #expect(try await house.send(.delete, "/api/v1/users/1", token: token).status == 200)
            #expect(try await house.send(.get, "/test/signed-in", token: token).status == 401)
        }
    }

    @Test func `a number is never given twice`() async throws {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            let first = try await house.user("eve", ["viewer"])
            try await house.identity.users.delete(first.id, by: .console)
            #expect(try await house.user("eve", ["viewer"]).id > first.id)
        }
    }

    @Test func `what a body holds beyond its fields changes nothing`() async throws {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            let token = try await house.login("ada").access
            let answer = try await house.send(
                .post, "/api/v1/users",
                #"{"username":"eve","id":"1","roles":[],"permissions":["users.manage"],"passwordHash":"x","isAdmin":true}"#,
                token: token)
            #expect(answer.status == 201 && answer.data["user"]?["id"]?.text == "2")
            #expect(answer.data["user"]?["roles"]?.items.isEmpty == true)
            #expect(answer.data["user"]?["hasPassword"] == .bool(false))
        }
    }

    @Test(arguments: [
        "'; DROP TABLE users; --", "a\u{0}b", "ada\nadmin", "ада", "<script>", "a/../b", "%00", "",
    ])
    func `hostile names are refused, and harm nothing`(name: String) async throws {
        try await House.open { house in
            try await house.user("ada", ["admin"])
            let token = try await house.login("ada").access
            let body = try JSON.encode(["username": name, "password": "long enough"])
            let answer = try await house.send(.post, "/api/v1/users", body.repairedText, token: token)
            #expect([400, 422].contains(answer.status))
            #expect(try await house.send(.get, "/api/v1/users", token: token).data["users"]?.items.count == 1)
        }
    }

    @Test func `acts and denials are in the audit log, and the chain holds`() async throws {
        try await House.open { house in
            let token = try await clerk(house)
            _ = try await house.send(.get, "/api/v1/audit", token: token)
            _ = await house.audit.stop(by: .max)
            let ada = try await house.login("ada").access
            let page = try await house.send(.get, "/api/v1/audit?limit=100", token: ada)
            let actions = (page.data["entries"]?.items ?? []).compactMap { $0["action"]?.text }
            for action in ["user.create", "login", "role.put", "access.denied"] {
                #expect(actions.contains(action), "\(action)")
            }
            #expect(!"\(page.json)".contains(House.password))
            #expect(try await house.audit.verify().broken == nil)
        }
    }
}
