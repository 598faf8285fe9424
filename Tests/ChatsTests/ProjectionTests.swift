import Base
import Kernel
import Store
import StoreTesting
import Testing
import Wire

@testable import Chats

@Suite struct ProjectionTests {
    @Test(arguments: Backend.allCases)
    func `a message, its edit and its deletion become one row`(backend: Backend) async throws {
        try await ChatHouse.open(backend) { house in
            try await house.receive(ChatHouse.message(1, "first"))
            try await house.projector.catchUp()
            try await house.receive(
                ChatHouse.message(1, "second", as: "edited_message", more: #","edit_date":1700000009"#))
            try await house.projector.catchUp()
            var history = try await house.history()
            #expect(history.count == 1)
            #expect(history[0]["text"]?.string == "second")
            #expect(history[0]["editedAt"]?.string?.hasPrefix("2023-11-14T22:13:29") == true)
            #expect(history[0]["isOutgoing"]?.bool == false)
            try await house.sent(#"{"send":{"method":"deleteMessage","messageIds":["1"]}}"#)
            try await house.projector.catchUp()
            history = try await house.history()
            #expect(history.count == 1)
            #expect(history[0]["deletedAt"]?.string != nil)
        }
    }

    @Test(arguments: Backend.allCases)
    func `an album of ours is all of its messages, across pages too`(backend: Backend) async throws {
        try await ChatHouse.open(backend) { house in
            try await house.receive(ChatHouse.message(1, "before"))
            let album = (2...6).map {
                #"{"message_id":\#($0),"date":1,"caption":"c\#($0)","photo":[],"chat":{"id":5,"type":"group"}}"#
            }.joined(separator: ",")
            try await house.sent(#"{"send":{"method":"sendMediaGroup"},"messages":[\#(album)]}"#, message: 2)
            try await house.receive(ChatHouse.message(7, "after"))
            try await house.projector.catchUp()
            var seen: [String] = []
            var query = ChatStore.MessageQuery(limit: 2, granted: [])
            query.chat = 5
            while true {
                let page = try await house.chats.messages(query)
                for message in page.messages {
                    seen.append(try ChatHouse.json(message)["text"]?.string ?? "-")
                }
                guard let next = page.next else { break }
                let numbers = next.split(separator: "_").compactMap { Int64($0) }
                query.before = ChatStore.Place(
                    number: numbers[0], message: numbers.count > 1 ? numbers[1] : nil)
            }
            #expect(seen == ["after", "c6", "c5", "c4", "c3", "c2", "before"])
            let page = try await house.log.page(EventFilter(kinds: ["send.sent"]), after: .zero, limit: 10)
            let polled = try page.events.flatMap { MessageJSON.all(of: $0) }.map { try ChatHouse.json($0) }
            #expect(polled.compactMap { $0["messageId"]?.string } == ["2", "3", "4", "5", "6"])
            #expect(polled.compactMap { $0["text"]?.string } == ["c2", "c3", "c4", "c5", "c6"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `a group that became a supergroup says so, and where a bot stands is known`(
        backend: Backend
    ) async throws {
        try await ChatHouse.open(backend) { house in
            try await house.receive(
                ChatHouse.message(1, "x", more: #","migrate_to_chat_id":-1005"#),
                #""my_chat_member":{"chat":{"id":5,"type":"group","title":"G5"},"from":{"id":7},"date":1,"#
                    + #""new_chat_member":{"status":"administrator","user":{"id":42}}}"#,
                ChatHouse.message(2, "later"),
                #""my_chat_member":{"chat":{"id":5,"type":"group","title":"G5"},"from":{"id":7},"date":1,"#
                    + #""new_chat_member":{"user":{"id":42}}}"#)
            try await house.projector.catchUp()
            let chat = try await house.chat(5)
            #expect(chat["migratedTo"]?.string == "-1005")
            #expect(chat["sources"]?[0]?["status"]?.string == "administrator")
        }
    }

    @Test(arguments: Backend.allCases)
    func `hostile texts are cut and kept from no table`(backend: Backend) async throws {
        try await ChatHouse.open(backend) { house in
            let accents = "a" + String(repeating: "\u{301}", count: 700_000)
            try await house.receive(
                ChatHouse.message(1, "zero \\u0000 byte"), ChatHouse.message(2, accents),
                #""message":{"message_id":3,"date":1,"from":{"id":7,"first_name":"\#(accents)"},"chat":{"id":5}}"#
            )
            try await house.projector.catchUp()
            #expect(try await house.history().count == 3)
            let longest = try await house.database.read {
                try await $0.first("SELECT max(length(first_name)) FROM projected_users") {
                    try $0.integer(0)
                }
            }
            #expect((200...1024).contains(longest ?? 0))
        }
    }

    @Test(arguments: ["", "abc", "\u{e9}\u{e9}", "a\u{301}\u{301}", "\u{1f469}\u{200d}\u{1f680}"], 0...8)
    func `a text is cut between scalars`(text: String, bytes: Int) {
        let cut = text.cut(to: bytes)
        #expect(cut.utf8.count <= bytes)
        #expect(cut.utf8.count > bytes - 4 || cut == text)
        #expect(text.utf8.starts(with: cut.utf8))
    }

    @Test(arguments: Backend.allCases)
    func `the tables follow retention, and can be made anew of what is left`(backend: Backend) async throws {
        try await ChatHouse.open(backend) { house in
            for number in 1...3 { try await house.receive(ChatHouse.message(Int64(number), "old")) }
            try await house.projector.catchUp()
            let retention = Retention(
                house.database, clocks: ManualClock(Clocks.system.now + .seconds(90_000)).clocks)
            try await retention.set(RetentionPolicy(keptFor: .seconds(80_000)), for: "bot:42")
            #expect(try await retention.sweep().deleted == 3)
            try await house.receive(ChatHouse.message(4, "new"))
            try await house.projector.catchUp()
            let taken = try await house.database.write { try await ProjectionStore.followRetention(in: $0) }
            #expect(taken == 3)
            #expect(try await house.history().compactMap { $0["text"]?.string } == ["new"])
            let before = try await house.rows()
            try await house.projector.rebuild()
            let anew = try await house.rows()
            #expect(anew.filter { $0.hasPrefix("bot:") } == before.filter { $0.hasPrefix("bot:") })
        }
    }

    @Test(arguments: Backend.allCases)
    func `two projectors that run together, and a rebuild meanwhile, come to the same`(
        backend: Backend
    ) async throws {
        try await ChatHouse.open(backend) { house in
            var random = SplitMix(seed: 7)
            try await ProjectionTests.fill(house, 300, &random)
            let other = ChatProjector(
                house.database, house.log, metrics: Metrics(), logger: .silent)
            try await withThrowingTaskGroup(of: Void.self) { group in
                group.addTask { try await house.projector.catchUp() }
                group.addTask { try await other.catchUp() }
                group.addTask { try await other.rebuild() }
                try await group.waitForAll()
            }
            try await house.projector.catchUp()
            let rows = try await house.rows()
            try await house.projector.rebuild()
            #expect(try await house.rows() == rows)
        }
    }

    @Test(arguments: [
        (Backend.sqlite, 1 as UInt64), (.sqlite, 2), (.sqlite, 3), (.postgres, 4), (.postgres, 5),
    ])
    func `tables made anew equal those made event by event`(backend: Backend, seed: UInt64) async throws {
        try await ChatHouse.open(backend) { house in
            var random = SplitMix(seed: seed)
            for _ in 0..<40 {
                try await ProjectionTests.fill(house, Int.random(in: 1...6, using: &random), &random)
                try await house.projector.catchUp()
            }
            let rows = try await house.rows()
            #expect(rows.count > 10)
            try await house.projector.rebuild()
            let anew = try await house.rows()
            #expect(anew == rows, "seed \(seed)")
        }
    }

    /// Appends random events about few chats and messages, so that they meet.
    static func fill(_ house: ChatHouse, _ count: Int, _ random: inout SplitMix) async throws {
        for _ in 0..<count {
            let (chat, id) = (
                Int64.random(in: 1...3, using: &random), Int64.random(in: 1...8, using: &random)
            )
            let from = Int64.random(in: 7...9, using: &random)
            switch Int.random(in: 0..<9, using: &random) {
            case 0...2:
                try await house.receive(ChatHouse.message(id, "w\(id) x\(from)", chat: chat, from: from))
            case 3:
                try await house.receive(
                    ChatHouse.message(
                        id, "e\(from)", chat: chat, as: "edited_message", more: #","edit_date":99"#))
            case 4:
                try await house.receive(
                    #""message":{"message_id":\#(id),"date":3,"sticker":{},"chat":{"id":\#(chat)}}"#)
            case 5:
                try await house.receive(
                    #""my_chat_member":{"chat":{"id":\#(chat),"type":"group"},"from":{"id":\#(from),"username":"u\#(id)"},"#
                        + #""date":1,"new_chat_member":{"status":"s\#(id)"}}"#)
            case 6:
                try await house.receive(
                    #""deleted_business_messages":{"chat":{"id":\#(chat),"type":"private"},"message_ids":[\#(id)]}"#
                )
            case 7:
                try await house.sent(
                    #"{"send":{"method":"deleteMessages","messageIds":["\#(id)","1"]}}"#, chat: chat)
            default:
                try await house.sent(
                    #"{"send":{},"message":{"message_id":\#(id),"date":2,"text":"ours","chat":{"id":\#(chat),"type":"group"},"#
                        + #""migrate_from_chat_id":\#(from)}}"#, chat: chat, message: id)
            }
        }
    }
}

/// Random numbers that are the same for the same seed.
struct SplitMix: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
