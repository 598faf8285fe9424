import Base
import Testing
import Wire

@testable import Simulator

@Suite struct WorldTests {
    private func world() -> World { World(seed: 7, clocks: ManualClock().clocks) }

    @Test func `in private chats and groups each account counts on its own, in supergroups the chat does`()
        throws
    {
        var world = world()
        let bot = try world.addBot(name: "B", username: "b_bot").id
        let (ada, bruno) = (try world.addUser(firstName: "Ada").id, try world.addUser(firstName: "Bruno").id)
        func words(_ text: String) -> World.Draft { .init(.text(StyledText(text))) }
        let first = try world.post(words("a"), to: .pair(user: ada, bot: bot), by: ada)
        let second = try world.post(words("b"), to: .pair(user: bruno, bot: bot), by: bruno)
        #expect([first.id(seenBy: bot), first.id(seenBy: ada)] == [1, 1])
        #expect([second.id(seenBy: bot), second.id(seenBy: bruno)] == [2, 1])
        let group = try world.addChat(.group, title: "G", creator: ada, members: [bot, bruno]).peer
        let third = try world.post(words("c"), to: group, by: ada)
        #expect([bot, ada, bruno].map { third.id(seenBy: $0) } == [3, 2, 2])
        let club = try world.addChat(.supergroup, title: "S", creator: ada, members: [bot, bruno]).peer
        let fourth = try world.post(words("d"), to: club, by: bruno)
        #expect([bot, ada, bruno].map { fourth.id(seenBy: $0) } == [1, 1, 1])
        #expect(try world.message(3, in: group, seenBy: bot).content.words == "c")
        #expect(throws: WorldError.messageNotFound) { try world.message(3, in: group, seenBy: ada) }
    }

    @Test func `the same seed and calls give the same world`() throws {
        func tokens(_ seed: UInt64) throws -> [String] {
            var settings = Simulator.Settings()
            settings.seed = seed
            settings.clocks = ManualClock().clocks
            var state = State(settings)
            return try (0..<5).map { try state.addBot(name: "B", username: "b\($0)", readsAll: true).token }
        }
        #expect(try tokens(1) == tokens(1))
        #expect(try tokens(1) != tokens(2))
    }

    @Test func `messages beyond the bound are forgotten, the oldest first`() throws {
        var limits = World.Limits()
        limits.messagesPerChatMax = 3
        var world = World(seed: 1, clocks: ManualClock().clocks, limits: limits)
        let ada = try world.addUser(firstName: "Ada").id
        let club = try world.addChat(.supergroup, title: "S", creator: ada).peer
        for number in 1...5 { try world.post(.init(.text(StyledText("\(number)"))), to: club, by: ada) }
        #expect(throws: WorldError.messageNotFound) { try world.message(2, in: club, seenBy: ada) }
        #expect(try world.message(3, in: club, seenBy: ada).content.words == "3")
        #expect(try world.chat(club).messages.count == 3)
    }

    @Test func `a world that is made again later repeats no number, where that is wanted`() throws {
        func numbers(_ milliseconds: Int64) throws -> [Int] {
            let clock = ManualClock(Timestamp(milliseconds: milliseconds))
            var world = World(seed: 1, clocks: clock.clocks, numbersFromClock: true)
            let (ada, bot) = (
                try world.addUser(firstName: "A").id, try world.addBot(name: "B", username: "b").id
            )
            let club = try world.addChat(.supergroup, title: "S", creator: ada).peer
            return try [Peer.pair(user: ada, bot: bot), club].flatMap { peer in
                try (0..<30).map { _ in
                    try world.post(.init(.text(StyledText("x"))), to: peer, by: ada).id(seenBy: bot)
                }
            }
        }
        let (before, after) = (try numbers(1_795_000_000_000), try numbers(1_795_000_010_000))
        #expect(Set(before).isDisjoint(with: after))
        #expect(try numbers(1_795_000_000_000) == before)
    }

    @Test func `files have a total`() throws {
        var limits = World.Limits()
        limits.fileBytesMax = 1000
        var world = World(seed: 1, clocks: ManualClock().clocks, limits: limits)
        let bytes = Bytes([UInt8](repeating: 0, count: 400))
        for _ in 0..<2 { _ = try world.files.add(bytes, name: nil, type: nil, folder: "documents") }
        #expect(throws: WorldError.filesFull) {
            try world.files.add(bytes, name: nil, type: nil, folder: "documents")
        }
    }

    @Test func `a group that becomes a supergroup says so to whoever still writes to it`() async throws {
        try await House.open { house in
            let (bot, user) = (try house.bot(), try house.user())
            let group = try house.chat(.group, by: user, [bot.id])
            let new = try #require(try await house.sim("migrate", ["chat": .integer(group)])["id"]?.int64)
            let answer = try await house.call(bot, "sendMessage", ["chat_id": .integer(group), "text": "x"])
            #expect(answer.status == 400)
            #expect(answer.words == "Bad Request: group chat was upgraded to a supergroup chat")
            #expect(answer.json["parameters"]?["migrate_to_chat_id"]?.int64 == new)
            #expect(
                try await house.call(bot, "sendMessage", ["chat_id": .integer(new), "text": "x"]).status
                    == 200)
            let updates = try await house.updates(bot)
            #expect(updates.contains { $0["message"]?["migrate_to_chat_id"]?.int64 == new })
            #expect(updates.contains { $0["message"]?["migrate_from_chat_id"]?.int64 == group })
        }
    }

    @Test func `joining, leaving, banning and pinning is heard`() async throws {
        try await House.open { house in
            let (bot, owner, guest) = (try house.bot(), try house.user(), try house.user("Guest"))
            let club = try house.chat(.supergroup, by: owner, [bot.id])
            try await house.sim(
                "setStatus", ["chat": .integer(club), "member": .integer(bot.id), "status": "administrator"])
            try await house.sim("join", ["user": .integer(guest), "chat": .integer(club)])
            let member = try await house.call(
                bot, "getChatMember", ["chat_id": .integer(club), "user_id": .integer(guest)])
            #expect(member.result["status"]?.string == "member")
            #expect(
                try await house.call(bot, "getChatMemberCount", ["chat_id": .integer(club)]).result.int64 == 3
            )
            let banned = try await house.call(
                bot, "banChatMember", ["chat_id": .integer(club), "user_id": .integer(guest)])
            #expect(banned.result.bool == true)
            let message = try house.say("keep", owner, in: club)
            _ = try await house.call(
                bot, "pinChatMessage",
                ["chat_id": .integer(club), "message_id": .integer(Int64(message.id(seenBy: bot.id)))])
            let chat = try await house.call(bot, "getChat", ["chat_id": .integer(club)]).result
            #expect(chat["pinned_message"]?["text"]?.string == "keep")
            let updates = try await house.updates(bot)
            #expect(
                updates.contains {
                    $0["my_chat_member"]?["new_chat_member"]?["status"]?.string == "administrator"
                })
            #expect(updates.contains { $0["message"]?["new_chat_members"]?[0]?["id"]?.int64 == guest })
            #expect(updates.contains { $0["message"]?["left_chat_member"]?["id"]?.int64 == guest })
            #expect(updates.contains { $0["message"]?["pinned_message"]?["text"]?.string == "keep" })
        }
    }

    @Test func `a channel speaks for itself, and its bot may post there`() async throws {
        try await House.open { house in
            let (bot, owner) = (try house.bot(), try house.user())
            let channel = try house.chat(.channel, by: owner, [bot.id])
            try house.say("news", owner, in: channel)
            let post = try await house.updates(bot).compactMap { $0["channel_post"] }.first
            #expect(post?["sender_chat"]?["id"]?.int64 == channel)
            #expect(post?["from"] == nil)
            let sent = try await house.call(
                bot, "sendMessage", ["chat_id": .integer(channel), "text": "more"])
            #expect(sent.result["message_id"]?.int64 == 2)
        }
    }

    @Test func `the demonstration is the same for the same seed, and talks`() async throws {
        try await House.open { house in
            let demo = try Demo(in: house.simulator, seed: 3, pace: .milliseconds(1))
            #expect(demo.rooms.map(\.kind) == [.private, .group, .supergroup, .channel])
            try await withThrowingTaskGroup(of: Void.self) { tasks in
                tasks.addTask { try await demo.run() }
                try await house.wait("talk") { try await house.sim("statistics")["updates"]?.int64 ?? 0 > 50 }
                _ = await demo.stop(by: 0)
                try await tasks.waitForAll()
            }
        }
    }
}
