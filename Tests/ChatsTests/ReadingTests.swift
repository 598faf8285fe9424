import Base
import HTTPServer
import Kernel
import Store
import StoreTesting
import Testing
import Wire

@testable import Chats

@Suite struct ReadingTests {
    /// Five messages in two chats of two bots.
    private func open(_ backend: Backend, _ body: (ChatHouse) async throws -> Void) async throws {
        try await ChatHouse.open(backend) { house in
            try await house.receive(
                ChatHouse.message(1, "The quick brown fox", date: 1000),
                ChatHouse.message(2, "jumps over \\\"quoted\\\" OR NOT", from: 8, date: 2000),
                ChatHouse.message(3, "caf\u{e9} foxes", date: 3000))
            try await house.receive(ChatHouse.message(1, "another fox", chat: 6), from: 43)
            try await house.receive(
                #""message":{"message_id":4,"date":4000,"caption":"a photo","photo":[],"from":{"id":8},"#
                    + #""chat":{"id":5,"type":"group","title":"G5"}}"#)
            try await house.projector.catchUp()
            try await body(house)
        }
    }

    /// The numbers of the messages that were found, the latest first.
    private func found(
        _ house: ChatHouse, _ chat: Int64 = 5, _ change: (inout ChatStore.MessageQuery) -> Void = { _ in }
    ) async throws -> [String] {
        try await house.history(chat, limit: 100, change).compactMap { $0["messageId"]?.string }
    }

    @Test(arguments: Backend.allCases)
    func `filters add up`(backend: Backend) async throws {
        try await open(backend) { house in
            let all = try await found(house)
            #expect(all == ["4", "3", "2", "1"])
            #expect(try await found(house) { $0.sender = 8 } == ["4", "2"])
            #expect(try await found(house) { $0.kinds = ["photo", "video"] } == ["4"])
            #expect(
                try await found(house) {
                    $0.since = Timestamp(seconds: 2000)
                    $0.until = Timestamp(seconds: 4000)
                } == ["3", "2"])
            #expect(try await found(house) { $0.words = "FOX quick" } == ["1"])
            #expect(try await found(house) { $0.source = .bot(43) } == [])
            #expect(try await found(house, 6) { $0.source = .bot(43) } == ["1"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `words of a search are words and no operators`(backend: Backend) async throws {
        try await open(backend) { house in
            for words in [
                "fox OR jumps", "fox*", "NEAR(fox jumps)", "text:fox", "\"", "a\"b", "fox\" OR \"jumps",
                "^fox", "-fox",
                "fox AND", "('fox' | jumps)", "!!! \u{301} fox", "fox\r\nquick", "'; DROP TABLE x; --",
                "\u{fffd}x",
                String(repeating: "fox ", count: 200), "fox & !jumps", "fox:*", "\\",
            ] {
                let found = try await found(house) { $0.words = words }
                #expect(!found.contains("2") || words.contains("NOT"), "\(words)")
            }
            #expect(try await found(house) { $0.words = "or NOT" } == ["2"])
            #expect(try await found(house) { $0.words = "\"quoted\"" } == ["2"])
            #expect(try await found(house) { $0.words = "fox\r\nquick" } == ["1"])
        }
    }

    @Test(arguments: Backend.allCases)
    func `a search shows what was granted, page by page`(backend: Backend) async throws {
        try await open(backend) { house in
            for (scopes, count) in [
                ([], 2), ([.chat(5)], 1), ([.source(.bot(43))], 1), ([.chat(5), .source(.bot(43))], 0),
                ([.of(chats: [], sources: [])], 0), ([.of(chats: [5], sources: [.bot(43)])], 2),
            ] as [([EventFilter.Scope], Int)] {
                var query = ChatStore.MessageQuery(limit: 1, granted: scopes)
                query.words = "fox"
                var found = 0
                while true {
                    let page = try await house.chats.messages(query)
                    found += page.messages.count
                    guard let next = page.next, let number = Int64(next) else { break }
                    query.before = ChatStore.Place(number: number, message: nil)
                }
                #expect(found == count)
            }
        }
    }

    @Test(arguments: Backend.allCases)
    func `a chat that was not granted is not there`(backend: Backend) async throws {
        try await open(backend) { house in
            let narrow = ChatHouse.caller([.chat(5)])
            let mine = try await house.chat(5, by: narrow)
            #expect(mine["title"]?.string == "G5")
            await #expect(throws: APIError.self) { try await house.chat(6, by: narrow) }
            #expect(throws: APIError.self) { try house.chats.check(6, for: narrow) }
            let listed = try await house.chats.chats(after: nil, limit: 10, source: nil, for: narrow)
            #expect(listed.map(\.id) == [5])
            let byBot = try await house.chats.chats(
                after: nil, limit: 10, source: nil, for: ChatHouse.caller([.source(.bot(43))]))
            #expect(byBot.map(\.id) == [6])
            let second = try await house.chats.chats(after: 5, limit: 1, source: nil, for: ChatHouse.caller())
            #expect(second.map(\.id) == [6])
        }
    }
}
