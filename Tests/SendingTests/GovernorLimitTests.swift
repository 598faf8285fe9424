import Base
import Testing

@testable import Sending

@Suite struct GovernorLimitTests {
    @Test(arguments: 0..<40 as Range<UInt64>)
    func `whatever comes in, no limit is exceeded and nothing is left`(seed: UInt64) {
        var play = Play(seed)
        for step in 0..<3000 { play.step(isFilling: step < 1500) }
        play.finish()
        #expect(play.through == play.submitted)
        #expect(play.governor.count == 0)
        let calls = play.sent.flatMap { Array(repeating: $0.at, count: max(1, $0.entry.messageCount)) }
        check(calls, SendLimits().botCount, SendLimits().botWindow)
        checkChats(play.sent)
        for silence in play.silences {
            let isBroken = play.sent.contains {
                $0.at > silence.from && $0.at < silence.until
                    && (silence.chat == nil || silence.chat == $0.entry.chat)
            }
            #expect(!isBroken)
        }
    }

    /// Never more than so many within a window.
    private func check(_ moments: [Moment], _ count: Int, _ window: Duration) {
        #expect(zip(moments, moments.dropFirst(count)).allSatisfy { $1 - $0 >= window })
    }

    private func checkChats(_ sent: [Play.Sent]) {
        let limits = SendLimits()
        let messages = Dictionary(grouping: sent.filter { $0.entry.messageCount > 0 }) { $0.entry.chat }
        for case (let chat?, let list) in messages {
            let moments = list.flatMap { Array(repeating: $0.at, count: $0.entry.messageCount) }
            if chat < 0 { check(moments, limits.groupCount, limits.groupWindow) }
            // A burst at once, then one each interval, over any span; albums beyond the burst go whole.
            guard list.allSatisfy({ $0.entry.messageCount <= limits.chatBurst }) else { continue }
            for span in 1...5 { check(moments, limits.chatBurst + span - 1, limits.chatInterval * span) }
        }
        // One owner's sends to a chat keep their order within a priority; what came back keeps its place.
        for case (let chat?, let list) in Dictionary(grouping: sent, by: { $0.entry.chat }) {
            for owner in ["a", "b", "c"] {
                for priority in SendPriority.allCases {
                    let ids = list.map(\.entry).filter { $0.owner == owner && $0.priority == priority }.map(
                        \.id)
                    #expect(ids == ids.sorted(), "chat \(chat)")
                }
            }
        }
    }
}

/// A bot's life: sends come, go, depart, fail and are finished at random, and Telegram wants a pause now and then.
private struct Play {
    struct Sent {
        let entry: Governor.Entry
        let at: Moment
    }

    var governor = Governor(SendLimits())
    private var random: Seeded
    private var now = Moment(nanoseconds: 1_000_000_000_000)
    private var nextID: Int64 = 0
    /// Let through, but not departed yet.
    private var boarding: [Governor.Entry] = []
    private var flying: [Governor.Entry] = []
    private(set) var sent: [Sent] = []
    private(set) var silences: [(chat: Int64?, from: Moment, until: Moment)] = []
    private(set) var submitted = 0
    private(set) var through = 0

    init(_ seed: UInt64) { random = Seeded(seed) }

    mutating func step(isFilling: Bool) {
        switch Int.random(in: 0..<10, using: &random) {
        case 0...3 where isFilling: submit()
        case 4, 5: end()
        case 6:
            if !boarding.isEmpty {
                board(boarding.remove(at: Int.random(in: 0..<boarding.count, using: &random)))
            }
        default:
            switch governor.next(at: now) {
            case .send(let entry): boarding.append(entry)
            case .wait(let until):
                #expect(until > now)
                now = min(until, now + .milliseconds(Int.random(in: 1...3000, using: &random)))
            case .rest: now = now + .milliseconds(Int.random(in: 0...50, using: &random))
            }
        }
    }

    /// Lets whatever is left go.
    mutating func finish() {
        while true {
            let aboard = boarding
            boarding = []
            for entry in aboard { board(entry, mayVanish: false) }
            for entry in flying {
                through += 1
                governor.finished(entry)
            }
            flying = []
            switch governor.next(at: now) {
            case .send(let entry): boarding.append(entry)
            case .wait(let until): now = until
            case .rest: return
            }
        }
    }

    private mutating func submit() {
        nextID += 1
        submitted += 1
        let chat = Int64.random(in: -4...40, using: &random)
        let entry = Governor.Entry(
            id: nextID, chat: chat == 0 ? nil : chat,
            owner: ["a", "b", "c"].randomElement(using: &random) ?? "a",
            priority: Bool.random(using: &random) ? .bulk : .interactive,
            messageCount: ([0, 1, 1, 1, 2] + (chat < 20 ? [] : [12])).randomElement(using: &random) ?? 1)
        if Bool.random(using: &random), governor.admit(entry, at: now) {
            boarding.append(entry)
        } else {
            governor.add(entry)
        }
    }

    private mutating func board(_ entry: Governor.Entry, mayVanish: Bool = true) {
        if mayVanish, Int.random(in: 0..<20, using: &random) == 0 {
            // It was taken back, or another node has the bot.
            through += 1
            return governor.finished(entry)
        }
        if let until = governor.departs(entry, at: now) { return governor.returned(entry, notBefore: until) }
        sent.append(Sent(entry: entry, at: now))
        flying.append(entry)
    }

    private mutating func end() {
        guard !flying.isEmpty else { return }
        let entry = flying.remove(at: Int.random(in: 0..<flying.count, using: &random))
        guard Int.random(in: 0..<8, using: &random) == 0 else {
            through += 1
            return governor.finished(entry)
        }
        let until = now + .milliseconds(Int.random(in: 0..<5000, using: &random))
        if Bool.random(using: &random), let chat = entry.chat {
            governor.silence(chat: chat, until: until)
            silences.append((chat, now, until))
        } else {
            governor.silence(until: until)
            silences.append((nil, now, until))
        }
        governor.returned(entry, notBefore: until)
    }
}

/// Chance that can be had again: SplitMix64.
private struct Seeded: RandomNumberGenerator {
    private var state: UInt64
    init(_ seed: UInt64) { state = seed &* 0x9e37_79b9_7f4a_7c15 &+ 1 }
    mutating func next() -> UInt64 {
        state &+= 0x9e37_79b9_7f4a_7c15
        var z = state
        z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
        z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
        return z ^ (z >> 31)
    }
}
