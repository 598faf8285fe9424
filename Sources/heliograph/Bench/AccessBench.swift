import Base
import Kernel
import Reactor

/// Measures what the questions before every request cost: whether a chat is granted, and whether a budget holds.
struct AccessBench {
    private static let rounds = 2_000_000

    /// Every figure with its name.
    static func run() async -> [(String, Double)] {
        // Somebody with five thousand chats and a bot, by a key that is bound to twenty of them.
        let granted = EventFilter.Scope.of(chats: Set((0..<5000).map { Int64($0) * 7 }), sources: [.bot(1)])
        let bound = EventFilter.Scope.of(chats: Set((0..<20).map { Int64($0) * 700 }), sources: [])
        let bounds = ChatReach.Bounds([granted, bound])
        let reach = ChatReach(read: bounds, send: bounds, manage: .nothing)
        var allowed = 0
        let check = nanoseconds {
            for round in 0..<rounds where reach.allows(.read, chat: Int64(round & 0x7fff), source: .bot(2)) {
                allowed += 1
            }
        }
        let limits = RateLimits(RatePolicy())
        let clock = ContinuousClock()
        let begin = clock.now
        for round in 0..<rounds / 10 {
            _ = await limits.decide(
                .interactive, subject: "user:\(round & 1023)", address: RateAddress(.v4(1, port: 1)))
        }
        let decision = Double((clock.now - begin).nanosecondsClamped) / Double(rounds / 10)
        return [
            ("acl_check_ns", check), ("rate_decision_ns", decision), ("acl_allowed", Double(allowed)),
        ]
    }

    private static func nanoseconds(_ body: () -> Void) -> Double {
        Double(ContinuousClock().measure(body).nanosecondsClamped) / Double(rounds)
    }
}
