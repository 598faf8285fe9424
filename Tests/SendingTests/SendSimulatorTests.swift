import Base
import BotAPI
import Bus
import Reactor
import Simulator
import StoreTesting
import Synchronization
import Testing
import Wire

@testable import Sending

@Suite struct SendSimulatorTests {
    /// A node with Telegram's limits over a simulated Telegram, in which a bot has so many groups.
    private func open(
        groups: Int,
        _ body: @Sendable (SendHouse, Simulator, _ bot: Int64, _ chats: [Int64]) async throws -> Void
    ) async throws {
        let loops = try TestLoops.shared.get()
        try await Simulator.withRunning(on: loops) { simulator in
            let (bot, text) = try simulator.addBot(name: "Sender", username: "sender_bot")
            let token = try #require(BotToken(Bytes(text)))
            let chats = try simulator.act { world in
                let owner = try world.addUser(firstName: "Ada").id
                return try (0..<groups).map {
                    try world.addChat(.supergroup, title: "Group \($0)", creator: owner, members: [bot]).peer
                        .id(seenBy: 0)
                }
            }
            let base = try #require(WebAddress(simulator.baseURL))
            let client = try BotAPIClient(base, on: loops)
            try await SendHouse.open(
                .sqlite,
                {
                    $0.client = client
                    $0.token = { $0 == bot ? token : nil }
                    $0.settings.limits = SendLimits()
                }
            ) { try await body($0, simulator, bot, chats) }
            await client.shutdown()
        }
    }

    /// Sends so many to each chat, and waits until all are done.
    private func flood(
        _ house: SendHouse, _ bot: Int64, _ chats: [Int64], each count: Int
    ) async throws -> [Send] {
        var drafts: [SendDraft] = []
        for number in 0..<count {
            for chat in chats {
                drafts.append(try SendHouse.draft("marker:m\(number)of\(chat)", to: chat, bot: bot))
            }
        }
        var done: [Send] = []
        for case .new(let send) in try await house.sends.submit(drafts, by: SendHouse.caller) {
            var send = send
            while !send.state.isFinal {
                try await Task.sleep(for: .milliseconds(5))
                send = try #require(try await house.sends.send(send.id))
            }
            done.append(send)
        }
        return done
    }

    @Test func `a flood goes over none of Telegram's limits`() async throws {
        // What departs before and after a machine has stood still for a second arrives together, whoever sends. That
        // does not happen each time, and what a wrong pace does would.
        let overruns = Mutex<[Int64?]>([])
        for _ in 0..<3 where overruns.withLock({ !$0.contains(0) }) {
            try await open(groups: 20) { house, simulator, bot, chats in
                let sends = try await flood(house, bot, chats, each: 5)
                #expect(sends.count == 100)
                #expect(sends.allSatisfy { $0.state == .sent })
                let statistics = try await simulator.control("statistics")
                #expect(statistics["sends"]?.int64 == 100)
                #expect(statistics["refused"]?.int64 == statistics["overruns"]?.int64)
                overruns.withLock { $0.append(statistics["overruns"]?.int64) }
            }
        }
        #expect(overruns.withLock { $0.last } == .some(0))
    }

    @Test func `whatever Telegram does, nothing is sent twice, and each state is true`() async throws {
        try await open(groups: 20) { house, simulator, bot, chats in
            for fault in [
                ["kind": "status", "status": 502, "percent": 15], ["kind": "cut", "percent": 15],
                ["kind": "status", "status": 500, "percent": 15, "when": "after"],
                ["kind": "429", "retry_after": 1, "count": 3],
            ] as [JSONFields] { try await simulator.control("fault", fault) }
            let sends = try await flood(house, bot, chats, each: 3)
            let log = try await simulator.control("sends", ["limit": 1000])
            var seen: [String: Int] = [:]
            for entry in log.array ?? [] {
                if let text = entry["text"]?.string { seen[text, default: 0] += 1 }
            }
            #expect(seen.values.allSatisfy { $0 == 1 })
            #expect(sends.count == 60)
            #expect(Set(sends.map(\.state)).isSubset(of: [.sent, .uncertain]))
            #expect(sends.count { $0.state == .sent } <= seen.count)
            #expect(sends.contains { $0.state == .uncertain })
        }
    }
}
