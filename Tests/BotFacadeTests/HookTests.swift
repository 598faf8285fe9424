import Base
import Bots
import HTTPClient
import HTTPServer
import Identity
import Kernel
import Simulator
import Store
import StoreTesting
import Synchronization
import Testing
import Wire

@testable import BotFacade

@Suite struct HookTests {
    private func set(
        _ house: FacadeHouse, _ token: String, _ hook: ProgramHook, _ more: String = ""
    ) async throws {
        let answer = try await house.call(token, "setWebhook", Bytes(#"{"url":"\#(hook.url)"\#(more)}"#))
        #expect(answer.status == 200)
    }

    @Test(arguments: Backend.allCases)
    func `updates come with the secret, and in order within each chat`(backend: Backend) async throws {
        try await FacadeHouse.open(backend) { house in
            try await ProgramHook.open { hook in
                let token = try await house.token().text
                try await set(house, token, hook, #","secret_token":"s3cret""#)
                for number in 0..<20 {
                    for chat in [Int64(5), 6, 7] { try await house.receive("\(number)", chat: chat) }
                }
                try await until { hook.all.count >= 60 }
                for chat in [Int64(5), 6, 7] {
                    #expect(
                        hook.all.filter { $0.chat == chat }.compactMap(\.text) == (0..<20).map { "\($0)" })
                }
                #expect(hook.all.allSatisfy { $0.secret == "s3cret" })
                let info = try await house.call(token, "getWebhookInfo").result
                #expect(info["url"]?.string == hook.url)
            }
        }
    }

    @Test func `what fails comes again, after as long as the program says`() async throws {
        try await FacadeHouse.open { house in
            let begin = ContinuousClock.now
            try await ProgramHook.open({ number, _ in
                number == 1
                    ? Response(status: HTTPStatus(503), fields: ["retry-after": "1"]) : Response()
            }) { hook in
                let token = try await house.token().text
                try await set(house, token, hook)
                try await house.receive("a")
                try await house.receive("b")
                try await until { hook.all.count >= 3 }
                #expect(hook.texts == ["a", "a", "b"])
                #expect(begin.duration(to: .now) >= .seconds(1))
                let info = try await house.call(token, "getWebhookInfo").result
                #expect(info["last_error_message"]?.string == "Wrong response from the webhook: 503")
                try await until {
                    try await house.call(token, "getWebhookInfo").result["pending_update_count"]?.int64 == 0
                }
            }
        }
    }

    @Test func `what a program refuses holds up its chat and no other`() async throws {
        try await FacadeHouse.open { house in
            try await ProgramHook.open({ _, arrival in
                arrival.text == "a" ? Response(status: HTTPStatus(500)) : Response()
            }) { hook in
                try await set(house, try await house.token().text, hook)
                try await house.receive("a", chat: 5)
                try await until { !hook.texts.isEmpty }
                try await house.receive("held", chat: 5)
                for text in ["b", "c"] { try await house.receive(text, chat: 6) }
                try await until { hook.texts.contains("c") }
                #expect(hook.texts.filter { $0 != "a" } == ["b", "c"])
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `what was delivered does not come again after an interruption`(backend: Backend) async throws {
        try await FacadeHouse.open(backend) { house in
            let isOpen = Mutex(false)
            try await ProgramHook.open({ _, arrival in
                let isTaken = arrival.text != "x" || isOpen.withLock { $0 }
                return Response(status: isTaken ? .ok : HTTPStatus(500))
            }) { hook in
                let token = try await house.token().text
                #expect(try await house.call(token, "getUpdates").status == 200)
                for text in ["a", "b"] { try await house.receive(text, chat: 5) }
                try await house.receive("x", chat: 6)
                try await set(house, token, hook)
                try await until {
                    try await house.call(token, "getWebhookInfo").result["pending_update_count"]?.int64 == 1
                }
                isOpen.withLock { $0 = true }
                try await set(house, token, hook, #","max_connections":7"#)
                try await until {
                    try await house.call(token, "getWebhookInfo").result["pending_update_count"]?.int64 == 0
                }
                #expect(hook.texts.filter { $0 != "x" } == ["a", "b"])
            }
        }
    }

    @Test func `a database that is away for a moment ends no delivery`() async throws {
        try await FacadeHouse.open { house in
            try await ProgramHook.open { hook in
                let token = try await house.token()
                #expect(try await house.call(token.text, "getUpdates").status == 200)
                let programs = house.facade.programs
                let program = try await programs.program(token.id, house.bot.id)
                let reach = try #require(try await house.identity.callers.holder(of: token.id)).reach
                let asked = Mutex(0)
                let runner = HookRunner(
                    program: program, programs: programs, log: house.log, reach: reach,
                    post: HookPost(client: house.client, url: hook.url, secret: nil, allowsPrivate: true),
                    now: {
                        let isFirst = asked.withLock { asked in
                            asked += 1
                            return asked == 1
                        }
                        if isFirst { throw StoreError(.unavailable, "away") }
                        return reach
                    },
                    reply: { _ in }, progress: HookProgress(programs, program), logger: .silent)
                try await house.receive("a")
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { try await runner.run() }
                    try await until { hook.texts == ["a"] }
                    group.cancelAll()
                }
            }
        }
    }

    @Test func `what a program refuses for a day makes way for what comes after it`() async throws {
        let later = ManualClock(Clocks.system.now + .seconds(90_000))
        try await FacadeHouse.open(clocks: later.clocks) { house in
            try await ProgramHook.open({ _, arrival in
                arrival.text == "a" ? Response(status: HTTPStatus(500)) : Response()
            }) { hook in
                try await set(house, try await house.token().text, hook)
                try await house.receive("a")
                try await house.receive("b")
                try await until { hook.texts == ["a", "b"] }
            }
        }
    }

    @Test func `who asks to be tried at once is tried less and less often`() async throws {
        try await FacadeHouse.open { house in
            try await ProgramHook.open({ _, _ in
                Response(status: HTTPStatus(429), fields: ["retry-after": "0"])
            }) { hook in
                try await set(house, try await house.token().text, hook)
                try await house.receive("a")
                try await until { hook.all.count >= 4 }
                let pauses = zip(hook.all, hook.all.dropFirst()).map { $1.at - $0.at }
                #expect(pauses[1] >= 1_800_000_000)
                #expect(pauses[2] >= 3_600_000_000)
            }
        }
    }

    @Test func `a revoked key ends the delivery, also while it is tried again`() async throws {
        try await FacadeHouse.open { house in
            let isRevoked = Mutex(false)
            try await ProgramHook.open({ _, _ in
                Response(status: isRevoked.withLock { $0 } ? .ok : HTTPStatus(500))
            }) { hook in
                let token = try await house.token()
                try await set(house, token.text, hook)
                try await house.receive("a")
                try await house.receive("b")
                try await until { hook.all.count >= 2 }
                try await house.identity.keys.revoke(token.id, by: .console)
                isRevoked.withLock { $0 = true }
                try await until { try await house.leaseNames().isEmpty }
                #expect(!hook.texts.contains("b"))
            }
        }
    }

    @Test func `a call in the answer is carried out with the key's rights`() async throws {
        try await FacadeHouse.open { house in
            let group = house.groups[0]
            let answers = [
                #"{"method":"sendMessage","chat_id":\#(group),"text":"reply"}"#,
                #"{"method":"setWebhook","url":"http://127.0.0.1:1/stolen"}"#,
                #"{"method":"logOut"}"#,
            ]
            try await ProgramHook.open({ number, _ in .json(Bytes(answers[min(number, 3) - 1])) }) { hook in
                try await set(house, try await house.token().text, hook)
                for text in ["a", "b", "c"] { try await house.receive(text) }
                try await until { hook.all.count >= 3 }
                try await until { try await house.simulator.control("sends").array?.count == 1 }
                #expect(try await house.simulator.control("sends")[0]?["text"]?.string == "reply")
                let info = try await house.telegram("getWebhookInfo")
                #expect(info["result"]?["url"]?.string == "")
            }
        }
    }

    @Test func `dropping what waits holds also for a delivery under way`() async throws {
        try await FacadeHouse.open { house in
            let isOpen = Mutex(false)
            try await ProgramHook.open({ _, _ in
                Response(status: isOpen.withLock { $0 } ? .ok : HTTPStatus(500))
            }) { hook in
                let token = try await house.token().text
                try await set(house, token, hook)
                for text in ["a", "b", "c"] { try await house.receive(text) }
                try await until { hook.all.count >= 2 }
                let before = try await house.tokenOfLease()
                try await set(house, token, hook, #","drop_pending_updates":true"#)
                // The delivery under way ends a moment later, and another begins.
                try await until { try await house.tokenOfLease() > before }
                isOpen.withLock { $0 = true }
                try await house.receive("d")
                try await until { hook.texts.contains("d") }
                #expect(!hook.texts.contains("b"))
            }
        }
    }

    @Test(arguments: [
        ("", "", false), (#","secret_token":"a""#, #","secret_token":"a""#, false),
        (#","secret_token":"a""#, #","secret_token":"b""#, true), (#","secret_token":"a""#, "", true),
        (#","max_connections":3"#, "", true),
        (#","allowed_updates":["message"]"#, "", false),
        (#","allowed_updates":["message"]"#, #","allowed_updates":["poll"]"#, true),
        ("", #","drop_pending_updates":true"#, true),
    ])
    func `a webhook that is set as it was lets deliveries go on`(first: String, second: String, isNew: Bool)
        async throws
    {
        try await FacadeHouse.open { house in
            let token = try await house.token()
            let programs = house.facade.programs
            var revisions: [Int64] = []
            for more in [first, second] {
                let json = #"{"url":"http://127.0.0.1:1/hook"\#(more)}"#
                #expect(try await house.call(token.text, "setWebhook", Bytes(json)).status == 200)
                revisions.append(try await programs.program(token.id, house.bot.id).revision)
            }
            #expect((revisions[1] > revisions[0]) == isNew)
        }
    }

    @Test func `the delivery of a bot that is gone rests`() async throws {
        try await FacadeHouse.open { house in
            try await ProgramHook.open { hook in
                try await set(house, try await house.token().text, hook)
                try await until { try await !house.leaseNames().isEmpty }
                try await house.bots.delete(house.bot.id, by: .console)
                try await house.receive("a")
                let begin = ContinuousClock.now
                let before = try await house.tokenOfLease()
                try await Task.sleep(for: .milliseconds(500))
                let begun = try await house.tokenOfLease() - before
                // One at once, and then one each two seconds, however long the machine has made of the half.
                #expect(begun <= 1 + Int64(begin.duration(to: .now) / .seconds(2)))
            }
        }
    }

    @Test(arguments: [
        #"{"url":"http://127.0.0.1:1/hook","certificate":"x"}"#, #"{"url":"ftp://example.org"}"#,
        #"{"url":"http://user:pw@example.org/"}"#, #"{"url":"http://example.org/?a b"}"#,
        #"{"url":"http://example.org/?\r\nX: y"}"#, #"{"url":"http://example.org/","secret_token":"a b"}"#,
        #"{"url":"http://example.org/","allowed_updates":7}"#,
    ])
    func `a webhook that cannot be is refused`(json: String) async throws {
        try await FacadeHouse.open { house in
            let token = try await house.token().text
            #expect(try await house.call(token, "setWebhook", Bytes(json)).status == 400)
            #expect(try await house.call(token, "getWebhookInfo").result["url"]?.string == "")
        }
    }
}

extension FacadeHouse {
    /// The deliveries that are under way.
    func leaseNames() async throws -> [String] {
        try await database.read { transaction in
            try await transaction.all("SELECT name FROM leases WHERE name LIKE 'hook:%' AND holder <> ''") {
                try $0.text(0)
            }
        }
    }

    /// How often deliveries have been begun.
    func tokenOfLease() async throws -> Int64 {
        try await database.read { transaction in
            try await transaction.first(
                "SELECT coalesce(max(token), 0) FROM leases WHERE name LIKE 'hook:%'"
            ) { try $0.integer(0) } ?? 0
        }
    }

    /// Asks the simulated Telegram with the bot's own token.
    func telegram(_ method: String) async throws -> JSONValue {
        let answer = try await client.send(
            .init(.get, "\(simulator.baseURL)/bot\(realToken)/\(method)"))
        return JSONValue(try JSON.parse(answer.body).root)
    }
}
