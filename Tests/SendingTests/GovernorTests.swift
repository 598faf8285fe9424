import Base
import Testing

@testable import Sending

@Suite struct GovernorTests {
    private static let start = Moment(nanoseconds: 1_000_000_000_000)

    private func entry(
        _ id: Int64, chat: Int64? = 1, owner: String = "a", _ priority: SendPriority = .interactive,
        messages: Int = 1
    ) -> Governor.Entry {
        Governor.Entry(id: id, chat: chat, owner: owner, priority: priority, messageCount: messages)
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

    @Test func `an album counts as its messages`() {
        var governor = Governor(SendLimits())
        governor.add(entry(1, messages: 3))
        governor.add(entry(2))
        #expect(drain(&governor, at: Self.start) == [1])
        #expect(next(&governor, Self.start) == .wait(until: Self.start + .seconds(1)))
        for id in 3...6 as ClosedRange<Int64> { governor.add(entry(id, chat: id, messages: 10)) }
        // 3 + 10 + 10 of 30 are taken.
        #expect(drain(&governor, at: Self.start) == [3, 4])
        #expect(drain(&governor, at: Self.start + .milliseconds(1050)) == [5, 6, 2])
    }

    @Test func `changes of messages do not count toward their chat`() {
        var governor = Governor(SendLimits())
        for id in 1...20 as ClosedRange<Int64> { governor.add(entry(id, messages: 0)) }
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
}
