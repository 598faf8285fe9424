import Base
import HTTPClient
import Kernel

/// Delivers the updates of one program until its task is cancelled: in order within each chat, several chats at once.
struct HookRunner: Sendable {
    let program: Program
    let programs: Programs
    let log: EventLog
    /// What its key reached when this began.
    let reach: ChatReach
    let post: HookPost
    /// What its key reaches now; nil where it is good no more.
    let now: @Sendable () async throws -> ChatReach?
    /// Carries out a call that the program answered with.
    let reply: @Sendable (HookReply) async -> Void
    let logger: Logger

    /// How long to wait before trying again: at once, and then longer and longer.
    private static let pauseMax = Duration.seconds(60)
    /// How long an update is tried.
    private static let keptFor = Duration.seconds(86_400)

    /// Returns when the key reaches something else than when this began.
    func run() async throws {
        let reader = try await log.reader(
            program.filter(reach), from: .after(try await programs.position(of: program)))
        defer { reader.close() }
        do {
            while !Task.isCancelled {
                let events = try await reader.next()
                let position = reader.position
                try await deliver(events)
                try await programs.confirm(position, of: program)
            }
        } catch is OtherReach {
            return
        } catch LogError.cursorExpired(let oldest) {
            // What retention has taken comes to nobody any more: the rest is not to wait for it.
            try await programs.confirm(Position(oldest.number - 1), of: program)
        }
    }

    /// The key reaches something else than when this began, or nothing.
    private struct OtherReach: Error {}

    /// Returns once the program has them all; after a crash some of them may come to it again.
    private func deliver(_ events: [Event]) async throws {
        var rows: [[Event]] = []
        var places: [Int64: Int] = [:]
        for event in events {
            // What belongs to no chat is in the order of who did it.
            let row = event.content.chat ?? event.content.sender ?? 0
            if let place = places[row] {
                rows[place].append(event)
            } else {
                places[row] = rows.count
                rows.append([event])
            }
        }
        try await withThrowingTaskGroup(of: Void.self) { group in
            for (index, row) in rows.enumerated() {
                if index >= program.connections { try await group.next() }
                group.addTask { for event in row { try await deliver(event) } }
            }
            try await group.waitForAll()
        }
    }

    private func deliver(_ event: Event) async throws {
        guard let update = UpdateJSON.write(event) else { return }
        var failures = 0
        while true {
            // What was granted may be taken back while updates wait.
            guard try await now() == reach else { throw OtherReach() }
            let outcome = await post.send(update)
            if case .failed = outcome { try Task.checkCancellation() }
            switch outcome {
            case .delivered(let call):
                if let call { await reply(call) }
                return
            case .failed(let why, let retryAfter):
                failures += 1
                do { try await programs.report(program, why) } catch {
                    logger.warning("a failed delivery was not noted", ["error": .init(describing: error)])
                }
                // As with Telegram: what a program refuses for ever does not hold up what comes after it for ever.
                if programs.age(of: event) > Self.keptFor { return }
                // Who asks to be tried again at once, again and again, is not.
                try await Task.sleep(for: max(retryAfter ?? .zero, Self.pause(failures)))
            }
        }
    }

    static func pause(_ failures: Int) -> Duration {
        guard failures > 1 else { return .zero }
        let doubled = Duration.seconds(1 << min(10, failures - 1))
        return min(doubled, pauseMax) * Double.random(in: 0.9...1.1)
    }
}
