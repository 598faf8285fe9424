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
    let progress: HookProgress
    let logger: Logger

    /// How long to wait before trying again: at once, and then longer and longer.
    private static let pauseMax = Duration.seconds(60)
    /// How long an update is tried.
    private static let keptFor = Duration.seconds(86_400)
    /// How long what was delivered waits to be written down, so that many updates share that.
    private static let storeInterval = Duration.milliseconds(250)
    /// How long to wait for a database that is away.
    private static let outagePause = Duration.seconds(1)

    /// Returns when the key reaches something else than when this began.
    ///
    /// What was delivered last is left in `progress`, for whoever ends it or runs it again.
    func run() async throws {
        let stored = try await programs.position(of: program)
        do { try await deliver(after: progress.begin(stored)) } catch is OtherReach {}
    }

    /// The key reaches something else than when this began, or nothing.
    private struct OtherReach: Error {}

    /// What one of the tasks of a runner has come to.
    private enum Step: Sendable {
        case read([Event], through: Position)
        case delivered(HookLine.Turn)
        case failed(HookLine.Turn, retryAfter: Duration?)
        case rested(Int64)
        /// It is time to write down what was delivered.
        case due
    }

    private func deliver(after position: Position) async throws {
        var line = HookLine(after: position, connections: program.connections)
        var (isReading, isDue) = (false, false)
        try await withThrowingTaskGroup(of: Step.self) { group in
            while true {
                if !isReading, line.hasRoom {
                    isReading = true
                    let end = line.end
                    group.addTask { try await read(after: end) }
                }
                while let turn = line.next() { group.addTask { try await deliver(turn) } }
                switch try await group.next() {
                case .read(let events, let end):
                    isReading = false
                    line.take(events, through: end)
                case .delivered(let turn): line.finished(turn)
                case .failed(let turn, let retryAfter):
                    // Who asks to be tried again at once, again and again, is not.
                    let pause = max(retryAfter ?? .zero, Self.pause(line.failed(turn)))
                    group.addTask {
                        try await Task.sleep(for: pause)
                        return .rested(turn.row)
                    }
                case .rested(let row): line.rested(row)
                case .due:
                    isDue = false
                    do { try await progress.store() } catch { try note("a delivery was not noted", error) }
                case nil: return
                }
                guard progress.reach(line.reached), !isDue else { continue }
                isDue = true
                group.addTask {
                    try await Task.sleep(for: Self.storeInterval)
                    return .due
                }
            }
        }
    }

    private func read(after position: Position) async throws -> Step {
        do {
            let reader = try await log.reader(program.filter(reach), from: .after(position))
            defer { reader.close() }
            let events = try await reader.next()
            return .read(events, through: reader.position)
        } catch LogError.cursorExpired(let oldest) {
            // What retention has taken comes to nobody any more: the rest is not to wait for it.
            return .read([], through: Position(oldest.number - 1))
        } catch {
            try note("updates to deliver could not be read", error)
            try await Task.sleep(for: Self.outagePause)
            return .read([], through: position)
        }
    }

    /// What fails for a while ends nothing: what was delivered behind a row that is held up would come again.
    private func note(_ what: String, _ error: any Error) throws {
        guard !Task.isCancelled, !(error is CancellationError) else { throw CancellationError() }
        logger.warning(what, ["error": .init(describing: error)])
    }

    /// Tries an update once; after a crash it may come to the program again.
    private func deliver(_ turn: HookLine.Turn) async throws -> Step {
        guard let update = UpdateJSON.write(turn.event) else { return .delivered(turn) }
        // What was granted may be taken back while updates wait.
        guard try await reachNow() == reach else { throw OtherReach() }
        switch await post.send(update) {
        case .delivered(let call):
            if let call { await reply(call) }
            return .delivered(turn)
        case .failed(let why, let retryAfter):
            try Task.checkCancellation()
            do { try await programs.report(program, why) } catch {
                try note("a failed delivery was not noted", error)
            }
            // As with Telegram: what a program refuses for ever does not hold up what comes after it for ever.
            if programs.age(of: turn.event) > Self.keptFor { return .delivered(turn) }
            return .failed(turn, retryAfter: retryAfter)
        }
    }

    /// What the key reaches; a database that is away is no failure of the program.
    private func reachNow() async throws -> ChatReach? {
        while true {
            do { return try await now() } catch {
                try note("the reach of a program could not be read", error)
                try await Task.sleep(for: Self.outagePause)
            }
        }
    }

    static func pause(_ failures: Int) -> Duration {
        guard failures > 1 else { return .zero }
        let doubled = Duration.seconds(1 << min(10, failures - 1))
        return min(doubled, pauseMax) * Double.random(in: 0.9...1.1)
    }
}
