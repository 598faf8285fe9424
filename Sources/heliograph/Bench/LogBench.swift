import Base
import Kernel
import Store
import Synchronization

/// Measures appends, fan-out, catching up and pages deep in the log.
struct LogBench {
    private let database: any Database

    init(_ database: any Database) { self.database = database }

    /// Every figure with its name, in the order of being measured.
    ///
    /// The database is filled to about `events`.
    @concurrent func run(seconds: Int, events: Int) async throws -> [(String, Double)] {
        let log = try await EventLog(database)
        defer { log.close() }
        var results = try await appends(log, callers: 64, for: .seconds(seconds))
        results += try await fanOut(log, readers: 1000, rounds: 50)
        while log.end.number < events {
            let from = log.end.number
            _ = try await log.append((0..<4000).map { Self.draft(from + $0) })
        }
        results.append(("events", Double(log.end.number)))
        results += try await catchUp()
        results += try await pages(log.end)
        return results
    }

    /// An update of 600 bytes of one of seven bots in one of a thousand chats.
    ///
    private static func draft(_ number: Int64) -> EventDraft {
        EventDraft(
            source: .bot(7_000_000_000 + number % 7), kind: "message",
            key: "bot:700000000\(number % 7)/\(number)",
            chat: -1_000_000_000_000 - number % 1000, sender: number % 5000, message: number,
            occurredAt: Timestamp(seconds: 1_700_000_000 + number), payload: payload)
    }

    private static let payload: Bytes = {
        let head = #"{"update_id":1,"message":{"message_id":1,"date":1700000000,"chat":{"id":1},"text":""#
        let tail = #""}}"#
        let filling = String(repeating: "x", count: 600 - head.utf8.count - tail.utf8.count)
        return Bytes(head + filling + tail)
    }()

    private func appends(_ log: EventLog, callers: Int, for span: Duration) async throws -> [(String, Double)]
    {
        let next = Tally(1 << 40)
        let begin = ContinuousClock.now
        let times = try await withThrowingTaskGroup(of: [Duration].self) { group in
            for _ in 0..<callers {
                group.addTask {
                    var times: [Duration] = []
                    while begin.duration(to: .now) < span {
                        let number = next.increment()
                        let start = ContinuousClock.now
                        _ = try await log.append([Self.draft(number)])
                        times.append(start.duration(to: .now))
                    }
                    return times
                }
            }
            return try await group.reduce(into: []) { $0 += $1 }
        }
        let total = begin.duration(to: .now) / .seconds(1)
        return [("appends_per_second", Double(times.count) / total)] + Self.spread(times, "append")
    }

    private func fanOut(_ log: EventLog, readers: Int, rounds: Int) async throws -> [(String, Double)] {
        var times: [Duration] = []
        let arrived = Tally(0)
        let ready = Tally(0)
        try await withThrowingTaskGroup(of: Void.self) { group in
            for _ in 0..<readers {
                group.addTask {
                    let reader = try await log.reader(from: .now)
                    ready.increment()
                    for _ in 0..<rounds {
                        _ = try await reader.next()
                        arrived.increment()
                    }
                }
            }
            while ready.value < readers { try await Task.sleep(for: .milliseconds(1)) }
            try await Task.sleep(for: .milliseconds(50))
            for round in 1...rounds {
                // From the call of append, so that what the commit takes is in it.
                let begin = ContinuousClock.now
                _ = try await log.append([Self.draft((1 << 50) + Int64(round))])
                while arrived.value < readers * round { await Task.yield() }
                times.append(begin.duration(to: .now))
            }
            try await group.waitForAll()
        }
        return Self.spread(times, "fan_out_\(readers)")
    }

    /// Reads everything with a log that has nothing in memory.
    private func catchUp() async throws -> [(String, Double)] {
        let log = try await EventLog(database)
        defer { log.close() }
        let reader = try await log.reader(from: .start)
        let end = log.end
        var count = 0
        let begin = ContinuousClock.now
        while reader.position < end, count < 1_000_000 { count += try await reader.next().count }
        return [("catch_up_per_second", Double(count) / (begin.duration(to: .now) / .seconds(1)))]
    }

    /// A page of 100 events at a tenth of the log, and at its end: of everything, and of one chat.
    private func pages(_ end: Position) async throws -> [(String, Double)] {
        var results: [(String, Double)] = []
        let chat = EventFilter(.chat(-1_000_000_000_000 - 5))
        for (name, filter) in [("page", EventFilter()), ("chat_page", chat)] {
            var early: [Duration] = []
            var late: [Duration] = []
            for round in 0..<200 {
                let back = Int64(150_000 + round * 37)
                early.append(try await page(filter, after: Position(end.number / 10 + Int64(round * 37))))
                late.append(try await page(filter, after: Position(max(0, end.number - back))))
            }
            results.append(("\(name)_early_ms", early.sorted()[100] / .milliseconds(1)))
            results.append(("\(name)_late_ms", late.sorted()[100] / .milliseconds(1)))
            results.append(("\(name)_late_to_early", late.sorted()[100] / early.sorted()[100]))
        }
        return results
    }

    private func page(_ filter: EventFilter, after position: Position) async throws -> Duration {
        var limits = EventLog.Limits()
        limits.pageSize = 100
        let log = try await EventLog(database, limits: limits)
        defer { log.close() }
        let reader = try await log.reader(filter, from: .after(position))
        let begin = ContinuousClock.now
        _ = try await reader.next()
        return begin.duration(to: .now)
    }

    private static func spread(_ times: [Duration], _ name: String) -> [(String, Double)] {
        let times = times.sorted()
        guard let last = times.last else { return [] }
        return [
            ("\(name)_p50_ms", times[times.count / 2] / .milliseconds(1)),
            ("\(name)_p99_ms", times[times.count * 99 / 100] / .milliseconds(1)),
            ("\(name)_max_ms", last / .milliseconds(1)),
        ]
    }
}

/// A number that tasks count up together.
private final class Tally: Sendable {
    private let number: Atomic<Int64>
    init(_ number: Int64) { self.number = Atomic(number) }

    var value: Int64 { number.load(ordering: .relaxed) }

    @discardableResult
    func increment() -> Int64 { number.add(1, ordering: .relaxed).newValue }
}
