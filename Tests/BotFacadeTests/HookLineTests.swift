import Base
import Testing

@testable import BotFacade
@testable import Kernel

@Suite struct HookLineTests {
    private func event(_ number: Int64, chat: Int64) -> Event {
        Event(
            position: Position(number), recordedAt: Timestamp(seconds: 1), sequence: number,
            EventDraft(source: .bot(1), kind: "message", chat: chat))
    }

    /// A line that has read one event of each of these chats.
    private func line(_ chats: [Int64], connections: Int = 100) -> HookLine {
        var line = HookLine(after: 0, connections: connections)
        let events = chats.enumerated().map { event(Int64($0.offset) + 1, chat: $0.element) }
        line.take(events, through: Position(Int64(chats.count)))
        return line
    }

    private func turns(_ line: inout HookLine) -> [HookLine.Turn] {
        var turns: [HookLine.Turn] = []
        while let turn = line.next() { turns.append(turn) }
        return turns
    }

    @Test func `of each chat one update is under way at a time`() {
        var line = line([5, 6, 5])
        let first = turns(&line)
        #expect(first.map(\.event.position) == [1, 2])
        line.finished(first[0])
        #expect(turns(&line).map(\.event.position) == [3])
    }

    @Test func `no more are under way than the program takes at once`() {
        var line = line([5, 6, 7], connections: 2)
        let first = turns(&line)
        #expect(first.count == 2)
        line.finished(first[1])
        #expect(turns(&line).map(\.event.position) == [3])
    }

    @Test func `what was delivered is confirmed up to the first that was not`() {
        var line = line([5, 6, 7, 5])
        let first = turns(&line)
        #expect(line.reached == 0)
        line.finished(first[1])
        #expect(line.reached == 0)
        line.finished(first[0])
        #expect(line.reached == 2)
        line.finished(first[2])
        #expect(line.reached == 3)
        for turn in turns(&line) { line.finished(turn) }
        #expect(line.reached == 4)
        line.take([], through: 9)
        #expect(line.reached == 9)
    }

    @Test func `a chat that is held up keeps its order and lets the others pass`() {
        var line = line([5, 5, 6], connections: 1)
        #expect(line.next().map { line.failed($0) } == 1)
        let other = turns(&line)
        #expect(other.map(\.event.position) == [3])
        line.finished(other[0])
        #expect(turns(&line).isEmpty)
        line.rested(5)
        let again = turns(&line)
        #expect(again.map(\.event.position) == [1] && again[0].failures == 1)
        line.finished(again[0])
        #expect(turns(&line).map { [$0.event.position, Position(Int64($0.failures))] } == [[2, 0]])
    }

    @Test func `where many chats are held up only they are tried`() {
        let chats = (1...Int64(HookLine.heldMax + 5)).map { $0 }
        var line = line(chats, connections: HookLine.heldMax)
        for turn in turns(&line) { _ = line.failed(turn) }
        #expect(turns(&line).isEmpty)
        line.rested(7)
        let again = turns(&line)
        #expect(again.map(\.row) == [7])
        line.finished(again[0])
        #expect(line.next()?.row == Int64(HookLine.heldMax + 1))
    }

    @Test func `no more is read while much waits, or much would come twice`() {
        var line = line(Array(repeating: 5, count: HookLine.waitingMax))
        #expect(!line.hasRoom)
        while let turn = line.next() { line.finished(turn) }
        #expect(line.hasRoom && line.reached == line.end)
        // One chat is held up, and everything behind it is delivered.
        var number = line.end.number
        let stuck = event(number + 1, chat: 6)
        line.take([stuck], through: Position(number + 1))
        for turn in turns(&line) where turn.row == 6 { _ = line.failed(turn) }
        while line.hasRoom {
            number += 1
            line.take([event(number + 1, chat: 7 + number)], through: Position(number + 1))
            for turn in turns(&line) { line.finished(turn) }
        }
        #expect(line.end.number - line.reached.number == Int64(HookLine.aheadMax))
    }
}
