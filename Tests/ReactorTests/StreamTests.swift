import Base
import Glibc
@testable import Reactor
import Testing

@Suite(.timeLimit(.minutes(5))) struct StreamTests {
    @Test(arguments: Link.allCases) func `bytes go both ways`(link: Link) async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(link, on: pinned)
            defer { ends.close() }
            ends.near.say("hello")
            #expect(text(try await ends.far.collect(5)) == "hello")
            ends.far.say("and back")
            #expect(text(try await ends.near.collect(8)) == "and back")
        }
    }

    @Test(arguments: Link.allCases) func `an end that is announced comes behind all bytes`(link: Link)
        async throws
    {
        try await onLoop { pinned in
            let ends = try await Ends.connect(link, on: pinned)
            defer { ends.close() }
            ends.near.write("last words")
            ends.near.finishWriting()
            #expect(text(try await ends.far.collect()) == "last words")
        }
    }

    @Test(arguments: Link.allCases) func `a half that has ended leaves the other one open`(link: Link)
        async throws
    {
        try await onLoop { pinned in
            let ends = try await Ends.connect(link, on: pinned)
            defer { ends.close() }
            ends.near.say("question")
            ends.near.finishWriting()
            #expect(text(try await ends.far.collect()) == "question")
            ends.far.write(Bytes([UInt8](repeating: 7, count: 3_000_000)))
            ends.far.finishWriting()
            #expect(try await ends.near.collect().count == 3_000_000)
        }
    }

    @Test(arguments: Link.allCases) func `small writes and large blocks arrive in their order`(link: Link)
        async throws
    {
        try await onLoop { pinned in
            let ends = try await Ends.connect(link, on: pinned)
            defer { ends.close() }
            var random = Seeded(11)
            var expected: [UInt8] = []
            for index in 0..<400 {
                let size =
                    index % 3 == 0
                    ? Int.random(in: 8000...40_000, using: &random) : Int.random(in: 0...300, using: &random)
                let part = [UInt8](repeating: UInt8(truncatingIfNeeded: index), count: size)
                expected += part
                if index % 2 == 0 { ends.near.write(Bytes(part)) } else { ends.near.write { $0 += part } }
                if index % 7 == 0 { ends.near.flush() }
            }
            ends.near.finishWriting()
            #expect(try await ends.far.collect() == expected)
        }
    }

    @Test(arguments: Link.allCases)
    func `a peer that does not read stops the writer, and lets it go on by reading`(
        link: Link
    ) async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(link, on: pinned)
            defer { ends.close() }
            let written = Counter()
            let writer = pinned.spawn { _ in
                for _ in 0..<400 {
                    ends.near.write(Bytes([UInt8](repeating: 1, count: 64 * 1024)))
                    try await ends.near.drained()
                    written.value += 1
                }
                ends.near.finishWriting()
            }
            // The kernel may take what it has room for in several steps, but it has not room for all.
            var before = -1
            while written.value < 400, written.value != before || ends.near.queued <= ends.near.lowWater {
                before = written.value
                try await pinned.loop.sleep(for: .milliseconds(20))
            }
            #expect(written.value < 400, "the writer waits")
            #expect(ends.near.queued <= ends.near.highWater + 66 * 1024, "what waits is bounded")
            #expect(try await ends.far.collect().count == 400 * 64 * 1024)
            try await writer.value
            #expect(written.value == 400)
        }
    }

    @Test func `a writer goes on when the low-water mark is reached and not before`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.unix, on: pinned)
            defer { ends.close() }
            ends.near.highWater = 100_000
            ends.near.lowWater = 50_000
            ends.near.write(Bytes([UInt8](repeating: 1, count: 2_000_000)))
            let writer = pinned.spawn { _ in
                try await ends.near.drained()
                return ends.near.queued
            }
            let reader = pinned.spawn { _ in try await ends.far.collect(2_000_000).count }
            #expect(try await writer.value <= 50_000)
            #expect(try await reader.value == 2_000_000)
        }
    }

    @Test func `several writers that wait are all woken`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.unix, on: pinned)
            defer { ends.close() }
            var writers: [Task<Void, any Error>] = []
            for _ in 0..<5 {
                writers.append(
                    pinned.spawn { _ in
                        ends.near.write(Bytes([UInt8](repeating: 1, count: 500_000)))
                        try await ends.near.drained()
                    })
            }
            writers.append(pinned.spawn { _ in try await ends.near.flushed() })
            #expect(try await ends.far.collect(2_500_000).count == 2_500_000)
            for writer in writers { try await writer.value }
            #expect(ends.near.queued == 0)
            #expect(ends.near.lowWater == 16 * 1024)
        }
    }

    @Test(arguments: [Link.tcp, .tls]) func `nothing is read from the socket before somebody asks`(link: Link)
        async throws
    {
        try await onLoop { pinned in
            let ends = try await Ends.connect(link, on: pinned)
            defer { ends.close() }
            ends.near.writeTimeout = 50_000_000
            ends.near.write(Bytes([UInt8](repeating: 1, count: 40_000_000)))
            // Far more than the kernel takes: had the far end read by itself, this would be done.
            _ = await expectStreamError { _ = try await ends.near.flushed() }
        }
    }

    @Test func `what is gathered for a flush goes out with it, once`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.tcp, on: pinned)
            defer { ends.close() }
            var gathered: [String] = []
            var flushes = 0
            ends.near.onFlush = {
                flushes += 1
                for text in gathered { ends.near.write(text) }
                gathered = []
            }
            for text in ["one ", "two ", "three"] {
                gathered.append(text)
                ends.near.flushSoon()
            }
            #expect(text(try await ends.far.collect(13)) == "one two three")
            ends.near.say("!")
            #expect(text(try await ends.far.collect(1)) == "!")
            #expect(flushes == 1)
        }
    }

    @Test func `a peer that takes nothing for too long is given up`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.unix, on: pinned)
            defer { ends.close() }
            ends.near.writeTimeout = 30_000_000
            var broken = 0
            ends.near.onBroken = { broken += 1 }
            ends.near.write(Bytes([UInt8](repeating: 1, count: 4_000_000)))
            let error = await failure { _ = try await ends.near.drained() }
            guard case .writeTimedOut = error as? StreamError else {
                return #expect(Bool(false), "\(String(describing: error))")
            }
            #expect(ends.near.isClosed)
            #expect(broken == 1)
        }
    }

    @Test func `a slow peer that takes something is not given up`() async throws {
        // On the loop of all tests another one's work could make the slow peer slower than it may be.
        let group = try EventLoopGroup(count: 1)
        defer { group.shutdown() }
        try await onLoop(group.loops[0]) { pinned in
            let ends = try await Ends.connect(.unix, on: pinned)
            defer { ends.close() }
            ends.near.writeTimeout = 8_000_000_000
            ends.near.write(Bytes([UInt8](repeating: 1, count: 3_000_000)))
            let begin = EventLoop.clock()
            let writer = pinned.spawn { _ in try await ends.near.flushed() }
            var count = 0
            while count < 3_000_000 {
                if case .end? = try ends.far.receiveNow({ count += $0.byteCount }) { break }
                try await pinned.loop.sleep(for: .milliseconds(250))
            }
            try await writer.value
            #expect(count == 3_000_000)
            #expect(EventLoop.clock() - begin > 8_000_000_000)
        }
    }

    @Test(arguments: Link.allCases) func `a read deadline ends the wait and nothing else`(link: Link)
        async throws
    {
        try await onLoop { pinned in
            let ends = try await Ends.connect(link, on: pinned)
            defer { ends.close() }
            ends.far.setReadDeadline(EventLoop.clock() + 10_000_000)
            guard case .timedOut = try await ends.far.receive({ _ in }) else { return #expect(Bool(false)) }
            ends.far.setReadDeadline(.max)
            ends.near.say("late")
            #expect(text(try await ends.far.collect(4)) == "late")
        }
    }

    @Test func `a read deadline can be moved both ways`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.tcp, on: pinned)
            defer { ends.close() }
            let begin = EventLoop.clock()
            ends.far.setReadDeadline(begin + 5_000_000)
            ends.far.setReadDeadline(begin + 40_000_000)
            guard case .timedOut = try await ends.far.receive({ _ in }) else { return #expect(Bool(false)) }
            #expect(EventLoop.clock() - begin >= 40_000_000)
            ends.far.setReadDeadline(EventLoop.clock() + 3_600_000_000_000)
            ends.far.setReadDeadline(EventLoop.clock() + 5_000_000)
            guard case .timedOut = try await ends.far.receive({ _ in }) else { return #expect(Bool(false)) }
        }
    }

    @Test func `bytes that are there go before a deadline that has passed`() async throws {
        try await onLoop { pinned in
            // Over TCP they might be on their way yet.
            let ends = try await Ends.connect(.unix, on: pinned)
            defer { ends.close() }
            ends.near.say("first")
            ends.far.setReadDeadline(0)
            guard case .bytes = try await ends.far.receive({ _ in }) else { return #expect(Bool(false)) }
        }
    }

    @Test func `the work deadline calls once for each time it is set`() async throws {
        try await onLoop { pinned in
            let ends = try await Ends.connect(.tcp, on: pinned)
            defer { ends.close() }
            let overdue = Queue<Int>()
            ends.near.onOverdue = { overdue.add(1) }
            ends.near.setWorkDeadline(EventLoop.clock() + 5_000_000)
            _ = await overdue.next()
            ends.near.setWorkDeadline(EventLoop.clock() + 5_000_000)
            _ = await overdue.next()
            ends.near.setWorkDeadline(EventLoop.clock() + 5_000_000)
            ends.near.setWorkDeadline(.max)
            try await pinned.loop.sleep(for: .milliseconds(20))
            #expect(overdue.count == 0)
        }
    }

    @Test func `a short sum of deadlines does not wrap around`() {
        #expect(Duration.seconds(Int64.max).nanoseconds &+ EventLoop.clock() > EventLoop.clock())
        #expect(Duration.seconds(-1).nanoseconds == 0)
        #expect(Duration.milliseconds(-500).nanoseconds == 0)
        #expect(Duration.milliseconds(1500).nanoseconds == 1_500_000_000)
    }
}

/// A count that is touched on one loop only.
final class Counter: @unchecked Sendable {
    // SAFETY: touched on one loop only.
    var value = 0
}
