import Base
import Testing

@testable import Sending

@Suite struct GovernorTests {
    private static let start = Moment(nanoseconds: 1_000_000_000_000)

    private func entry(
        _ id: Int64, chat: Int64? = 1, owner: String = "a", _ priority: SendPriority = .interactive,
        isMessage: Bool = true
    ) -> Governor.Entry {
        Governor.Entry(id: id, chat: chat, owner: owner, priority: priority, isMessage: isMessage)
    }

    private func next(_ governor: inout Governor, _ now: Moment) -> Governor.Action { governor.next(at: now) }

    private func departs(_ entry: Governor.Entry, _ governor: inout Governor, _ now: Moment) -> Moment? {
        governor.departs(entry, at: now)
    }

    /// Sends all that may go at a moment, each done at once.
    private func drain(_ governor: inout Governor, at now: Moment) -> [Int64] {
        var ids: [Int64] = []
        while case .send(let entry) = governor.next(at: now) {
            ids.append(entry.id)
            #expect(departs(entry, &governor, now) == nil)
            governor.finished(entry)
        }
        return ids
    }

    @Test func `nothing waits, nothing goes`() {
        var governor = Governor(SendLimits())
        #expect(next(&governor, Self.start) == .rest)
    }

    @Test func `a chat has one send on its way at a time, in order`() {
        var governor = Governor(SendLimits())
        for id in 1...3 as ClosedRange<Int64> { governor.add(entry(id)) }
        #expect(next(&governor, Self.start) == .send(entry(1)))
        #expect(next(&governor, Self.start) == .rest)
        governor.finished(entry(1))
        #expect(next(&governor, Self.start) == .send(entry(2)))
    }

    @Test func `a chat has a small burst and then a message a second`() {
        var governor = Governor(SendLimits())
        for id in 1...5 as ClosedRange<Int64> { governor.add(entry(id)) }
        #expect(drain(&governor, at: Self.start) == [1, 2, 3])
        #expect(next(&governor, Self.start) == .wait(until: Self.start + .seconds(1)))
        #expect(drain(&governor, at: Self.start + .seconds(1)) == [4])
    }

    @Test func `changes of messages do not count toward their chat`() {
        var governor = Governor(SendLimits())
        for id in 1...20 as ClosedRange<Int64> { governor.add(entry(id, isMessage: false)) }
        #expect(drain(&governor, at: Self.start).count == 20)
    }

    @Test func `a bot has its count in a window, of which bulk leaves some`() {
        var governor = Governor(SendLimits())
        for id in 1...100 as ClosedRange<Int64> { governor.add(entry(id, chat: id, .bulk)) }
        #expect(drain(&governor, at: Self.start).count == 25)
        for id in 101...110 as ClosedRange<Int64> { governor.add(entry(id, chat: id)) }
        #expect(drain(&governor, at: Self.start) == Array(101...105))
        #expect(next(&governor, Self.start) == .wait(until: Self.start + .milliseconds(1050)))
    }

    @Test func `what is urgent passes what may wait`() {
        var governor = Governor(SendLimits())
        governor.add(entry(1, chat: 1, .bulk))
        governor.add(entry(2, chat: 2))
        #expect(drain(&governor, at: Self.start) == [2, 1])
    }

    @Test func `owners take turns`() {
        var governor = Governor(SendLimits())
        for id in 1...4 as ClosedRange<Int64> { governor.add(entry(id, chat: id, owner: "a")) }
        for id in 5...6 as ClosedRange<Int64> { governor.add(entry(id, chat: id, owner: "b")) }
        #expect(drain(&governor, at: Self.start) == [1, 5, 2, 6, 3, 4])
    }

    @Test func `a send that comes back goes before the rest of its chat, when its time has come`() {
        var governor = Governor(SendLimits())
        governor.add(entry(1))
        governor.add(entry(2))
        guard case .send(let first) = governor.next(at: Self.start) else {
            Issue.record("nothing goes")
            return
        }
        #expect(departs(first, &governor, Self.start) == nil)
        governor.returned(first, notBefore: Self.start + .seconds(5))
        #expect(next(&governor, Self.start) == .wait(until: Self.start + .seconds(5)))
        #expect(drain(&governor, at: Self.start + .seconds(5)) == [1, 2])
        #expect(governor.count == 0)
    }

    @Test func `a silent chat holds nobody else up`() {
        var governor = Governor(SendLimits())
        governor.silence(chat: 1, until: Self.start + .seconds(9))
        governor.add(entry(1))
        governor.add(entry(2, chat: 2))
        #expect(drain(&governor, at: Self.start) == [2])
        #expect(next(&governor, Self.start) == .wait(until: Self.start + .seconds(9)))
    }

    @Test func `a silent bot sends nothing`() {
        var governor = Governor(SendLimits())
        governor.silence(until: Self.start + .seconds(9))
        governor.add(entry(1))
        #expect(next(&governor, Self.start) == .wait(until: Self.start + .seconds(9)))
        #expect(governor.budget(at: Self.start).silentFor == .seconds(9))
    }

    @Test func `what has not departed holds its place, however long that takes`() {
        var limits = SendLimits()
        limits.botCount = 1
        var governor = Governor(limits)
        governor.add(entry(1, chat: 1))
        governor.add(entry(2, chat: 2))
        #expect(next(&governor, Self.start) == .send(entry(1, chat: 1)))
        #expect(next(&governor, Self.start + .seconds(9)) == .rest)
        #expect(departs(entry(1, chat: 1), &governor, Self.start + .seconds(9)) == nil)
        #expect(next(&governor, Self.start + .seconds(9)) == .wait(until: Self.start + .milliseconds(10_050)))
    }

    @Test func `what has not departed when Telegram wants a pause is held back`() {
        var governor = Governor(SendLimits())
        governor.add(entry(1))
        #expect(next(&governor, Self.start) == .send(entry(1)))
        governor.silence(until: Self.start + .seconds(3))
        #expect(departs(entry(1), &governor, Self.start) == Self.start + .seconds(3))
        governor.returned(entry(1), notBefore: Self.start + .seconds(3))
        #expect(drain(&governor, at: Self.start + .seconds(3)) == [1])
    }

    @Test func `what is taken out does not go`() {
        var governor = Governor(SendLimits())
        for id in 1...3 as ClosedRange<Int64> { governor.add(entry(id)) }
        let (first, second) = (governor.remove(entry(2)), governor.remove(entry(2)))
        #expect(first && !second)
        #expect(drain(&governor, at: Self.start) == [1, 3])
    }

    @Test func `nothing passes by what waits`() {
        var governor = Governor(SendLimits())
        governor.add(entry(1))
        var admitted = [governor.admit(entry(2), at: Self.start)]
        #expect(drain(&governor, at: Self.start) == [1])
        for id in [2, 3] as [Int64] { admitted.append(governor.admit(entry(id), at: Self.start)) }
        governor.finished(entry(2))
        admitted.append(governor.admit(entry(3), at: Self.start))
        #expect(admitted == [false, true, false, true])
    }

    // MARK: No limit is ever exceeded

    /// What went where, and when.
    private struct Sent {
        let entry: Governor.Entry
        let at: Moment
    }

    @Test(arguments: 0..<40 as Range<UInt64>)
    func `whatever comes in, no limit is exceeded and nothing is left`(seed: UInt64) throws {
        var random = Seeded(seed)
        let limits = SendLimits()
        var governor = Governor(limits)
        var now = Self.start
        var sent: [Sent] = []
        var flying: [Governor.Entry] = []
        // Let through, but not departed yet.
        var boarding: [Governor.Entry] = []
        var nextID: Int64 = 0
        var (submitted, through) = (0, 0)
        var silences: [(chat: Int64?, from: Moment, until: Moment)] = []
        for step in 0..<3000 {
            let isFilling = step < 1500
            switch Int.random(in: 0..<10, using: &random) {
            case 0...3 where isFilling:
                nextID += 1
                let chat = Int64.random(in: -4...40, using: &random)
                let new = entry(
                    nextID, chat: chat == 0 ? nil : chat,
                    owner: ["a", "b", "c"].randomElement(using: &random) ?? "a",
                    Bool.random(using: &random) ? .bulk : .interactive,
                    isMessage: Int.random(in: 0..<5, using: &random) > 0)
                submitted += 1
                if Bool.random(using: &random), governor.admit(new, at: now) {
                    boarding.append(new)
                } else {
                    governor.add(new)
                }
            case 6:
                guard !boarding.isEmpty else { continue }
                let next = boarding.remove(at: Int.random(in: 0..<boarding.count, using: &random))
                if Int.random(in: 0..<20, using: &random) == 0 {
                    // It was taken back, or another node has the bot.
                    through += 1
                    governor.finished(next)
                    continue
                }
                if let until = governor.departs(next, at: now) {
                    governor.returned(next, notBefore: until)
                    continue
                }
                sent.append(Sent(entry: next, at: now))
                flying.append(next)
            case 4...5:
                guard !flying.isEmpty else { continue }
                let done = flying.remove(at: Int.random(in: 0..<flying.count, using: &random))
                if Int.random(in: 0..<8, using: &random) == 0 {
                    let until = now + .milliseconds(Int.random(in: 0..<5000, using: &random))
                    if Bool.random(using: &random), let chat = done.chat {
                        governor.silence(chat: chat, until: until)
                        silences.append((chat, now, until))
                    } else {
                        governor.silence(until: until)
                        silences.append((nil, now, until))
                    }
                    governor.returned(done, notBefore: until)
                } else {
                    through += 1
                    governor.finished(done)
                }
            default:
                switch governor.next(at: now) {
                case .send(let entry): boarding.append(entry)
                case .wait(let until):
                    #expect(until > now)
                    now = min(until, now + .milliseconds(Int.random(in: 1...3000, using: &random)))
                case .rest:
                    now = now + .milliseconds(Int.random(in: 0...50, using: &random))
                }
            }
        }
        // Whatever is left goes in the end.
        for _ in 0..<200_000 {
            for entry in boarding {
                if let until = governor.departs(entry, at: now) {
                    governor.returned(entry, notBefore: until)
                    continue
                }
                sent.append(Sent(entry: entry, at: now))
                flying.append(entry)
            }
            boarding = []
            for entry in flying {
                through += 1
                governor.finished(entry)
            }
            flying = []
            let action = governor.next(at: now)
            if case .send(let entry) = action {
                boarding.append(entry)
            } else if case .wait(let until) = action {
                now = until
            } else {
                break
            }
        }
        #expect(through == submitted)
        #expect(governor.count == 0)
        check(sent, limits, silences)
    }

    private func check(
        _ sent: [Sent], _ limits: SendLimits, _ silences: [(chat: Int64?, from: Moment, until: Moment)]
    ) {
        func fits(_ moments: [Moment], _ count: Int, _ window: Duration) -> Bool {
            zip(moments, moments.dropFirst(count)).allSatisfy { $1 - $0 >= window }
        }
        #expect(fits(sent.map(\.at), limits.botCount, limits.botWindow))
        let messages = Dictionary(grouping: sent.filter(\.entry.isMessage)) { $0.entry.chat }
        for case (let chat?, let list) in messages {
            let moments = list.map(\.at)
            // A burst at once, then one each interval, over any span.
            for span in 1...5 {
                #expect(fits(moments, limits.chatBurst + span - 1, limits.chatInterval * span))
            }
            if chat < 0 { #expect(fits(moments, limits.groupCount, limits.groupWindow)) }
        }
        for silence in silences {
            let broken = sent.contains {
                $0.at > silence.from && $0.at < silence.until
                    && (silence.chat == nil || silence.chat == $0.entry.chat)
            }
            #expect(!broken)
        }
    }
}

/// Chance that can be had again: SplitMix64.
struct Seeded: RandomNumberGenerator {
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
