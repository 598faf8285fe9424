import Base
import Bus
import BusRedis
import Foundation
import Reactor
import Synchronization
import Testing

/// Everything that starts servers, one test after the other: they share a cluster that some of them break.
@Suite(.serialized) struct RedisTests {}

/// What the same tests run over.
enum Backend: String, CaseIterable, Sendable, CustomTestStringConvertible {
    case inProcess, redis, cluster
    /// A cluster that is spoken to as if it were of Redis 6: channels have no slots.
    case plainCluster

    var testDescription: String { rawValue }

    /// A server for all tests that do not break it.
    static let server = Result { try RedisProcess() }

    func url() throws -> String? {
        switch self {
        case .inProcess: nil
        case .redis: "redis://127.0.0.1:\(try Self.server.get().port)"
        case .cluster, .plainCluster: try RedisCluster.shared.get().url
        }
    }
}

enum Loops {
    static let group = Result { () throws(SystemError) in try EventLoopGroup(count: 2) }
}

/// Lends two nodes' buses, with keys and channels that nobody else has.
func withBuses(_ backend: Backend, _ body: @Sendable (any Bus, any Bus) async throws -> Void) async throws {
    guard let url = try backend.url() else {
        let bus = InProcessBus()
        return try await body(bus, bus)
    }
    let prefix = "\(UUID().uuidString):"
    let adjust: @Sendable (inout RedisSettings) -> Void = {
        $0.prefix = prefix
        $0.usesShardedChannels = backend != .plainCluster
    }
    try await withRedisBus(url, adjust) { one in
        try await withRedisBus(url, adjust) { other in try await body(one, other) }
    }
}

/// Lends a bus that runs, and is connected unless told otherwise.
func withRedisBus(
    _ url: String, _ adjust: (inout RedisSettings) -> Void = { _ in }, metrics: Metrics = Metrics(),
    waits: Bool = true, _ body: @Sendable (RedisBus) async throws -> Void
) async throws {
    var settings = RedisSettings(url: try RedisURL(url))
    settings.prefix = "\(UUID().uuidString):"
    // Tests run beside much else on few cores.
    settings.commandTimeout = .seconds(5)
    adjust(&settings)
    let bus = try RedisBus(settings, loops: try Loops.group.get(), logger: .silent, metrics: metrics)
    try await withThrowingTaskGroup { group in
        group.addTask { try await bus.run() }
        do {
            if waits { try await bus.waitUntilConnected() }
            try await body(bus)
        } catch {
            _ = await bus.stop(by: .max)
            throw error
        }
        _ = await bus.stop(by: .max)
        try await group.waitForAll()
    }
}

struct TooLate: Error {
    let what: String
}

extension Bus {
    func waitUntilConnected() async throws { try await waitUntilState { $0.isConnected } }

    func waitUntilDegraded() async throws { try await waitUntilState { !$0.isConnected } }

    /// Waits until the reason of the degradation holds these words.
    func waitUntilDegraded(by words: String) async throws {
        try await waitUntilState { state in
            guard case .degraded(_, let reason) = state else { return false }
            return reason.contains(words)
        }
    }

    private func waitUntilState(_ isReached: @escaping @Sendable (BusState) -> Bool) async throws {
        let states = watchState()
        try await within("state, which is \(state)") {
            for await state in states where isReached(state) { return }
        }
    }
}

/// Runs something that must end in time.
func within<R: Sendable>(
    _ what: @autoclosure @escaping @Sendable () -> String, seconds: Double = 60,
    _ body: @escaping @Sendable () async throws -> R
) async throws -> R {
    try await withThrowingTaskGroup(of: R.self) { group in
        group.addTask { try await body() }
        group.addTask {
            try await Task.sleep(for: .seconds(seconds))
            throw TooLate(what: what())
        }
        defer { group.cancelAll() }
        guard let result = try await group.next() else { throw TooLate(what: what()) }
        return result
    }
}

/// Tries until it works, in time.
@discardableResult
func eventually<R: Sendable>(
    _ what: String, seconds: Double = 60, _ body: @escaping @Sendable () async throws -> R?
) async throws -> R {
    try await within(what, seconds: seconds) {
        while true {
            // What fails now may work the next time; the deadline says when it did not.
            if let result = try? await body() { return result }
            try await Task.sleep(for: .milliseconds(5))
        }
    }
}

extension BusSubscription {
    /// The next event, in time.
    func event() async throws -> BusEvent {
        let event = try await within("an event") { await self.next() }
        return try #require(event)
    }

    /// The next message that is no gap, in time.
    func message() async throws -> (channel: Channel, text: String) {
        while true {
            if case .message(let channel, let bytes) = try await event() { return (channel, "\(bytes)") }
        }
    }
}

extension Bus {
    func publish(_ text: String, to channel: Channel) { publish(Array(text.utf8), to: channel) }
}

/// A number that tasks count up together.
final class Tally: Sendable {
    private let count = Atomic<Int>(0)

    var value: Int { count.load(ordering: .relaxed) }

    func add() { count.add(1, ordering: .relaxed) }
}
