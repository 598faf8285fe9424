import Base
import Chats
import HTTPServer
import Identity
import Kernel
import Wire

/// `getUpdates` out of the log, with an offset for each key.
struct GetUpdates: Sendable {
    let log: EventLog
    let programs: Programs
    let callers: Callers
    let polls: ActivePolls

    /// The longest that a program may wait, and the most that it gets at once.
    static let timeoutMax = 50
    private static let limitMax: Int64 = 100
    /// Positions without anything for the program that are looked through again at most.
    private static let emptyMax: Int64 = 10_000
    /// Pages of events without content that one call looks through.
    private static let pagesMax = 100

    func answer(_ arguments: CallArguments, _ caller: Caller, _ botID: Int64, _ request: Request) async throws
        -> Response
    {
        var program = try await programs.program(caller.keyID ?? caller.subject, botID)
        guard program.url == nil else { return Self.isDelivered }
        if let wanted = try AllowedUpdates.read(arguments), wanted.kinds != program.allowedUpdates {
            // A webhook may have been set meanwhile, and stays.
            guard try await programs.setAllowed(wanted.kinds, of: program) else { return Self.isDelivered }
            program.allowedUpdates = wanted.kinds
        }
        let limit = min(Self.limitMax, max(1, try arguments.integer("limit") ?? Self.limitMax))
        let timeout = min(Int64(Self.timeoutMax), max(0, try arguments.integer("timeout") ?? 0))
        let poll = polls.begin(program.id)
        defer { polls.end(program.id, poll) }
        let filter = program.filter(caller.reach)
        let start = try await confirm(try arguments.integer("offset") ?? 0, program, filter)
        let (updates, reached) = try await read(
            LogPoll(log, filter, limit: Int(limit), wait: .seconds(timeout)), after: start, request, poll)
        if updates.isEmpty, reached.number - start.number > Self.emptyMax {
            // Nothing for this program came in a long stretch of the log: not to look through it again each time.
            try await programs.confirm(reached, of: program)
        }
        guard !poll.isSuperseded else {
            return CallAnswer.failure(
                409,
                "Conflict: terminated by other getUpdates request; make sure that only one bot instance is running"
            )
        }
        // What was granted may have been taken back during a long wait.
        let granted = timeout > 0 ? program.filter(try await callers.again(request).reach) : filter
        var writer = JSONWriter()
        writer.array {
            for update in updates where granted.matches(update.event) { $0.raw(update.json) }
        }
        return CallAnswer.success(writer.finish())
    }

    private static let isDelivered = CallAnswer.failure(
        409,
        "Conflict: can't use getUpdates method while webhook is active; use deleteWebhook to delete the webhook first"
    )

    private typealias Update = (event: Event, json: Bytes)

    /// The updates behind a position.
    ///
    /// What retention has taken, as a whole or its content alone, stands in nobody's way.
    private func read(
        _ log: LogPoll, after start: Position, _ request: Request, _ poll: ActivePolls.Poll
    ) async throws -> ([Update], Position) {
        var position = start
        for _ in 0..<Self.pagesMax {
            do {
                let (events, reached) = try await log.run(from: .after(position), request) {
                    await poll.waitUntilSuperseded()
                }
                let updates = events.compactMap { event in UpdateJSON.write(event).map { (event, $0) } }
                guard updates.isEmpty, !events.isEmpty else { return (updates, reached) }
                position = reached
            } catch LogError.cursorExpired(let oldest) {
                position = Position(oldest.number - 1)
            }
        }
        return ([], position)
    }

    /// What an offset confirms; returns behind which position to read.
    private func confirm(_ offset: Int64, _ program: Program, _ filter: EventFilter) async throws -> Position
    {
        let confirmed = try await programs.position(of: program)
        var wanted = confirmed
        if offset > 0 {
            // Nobody can confirm what has not happened yet. Pages come from the database, which is a moment ahead of what
            // readers are told.
            wanted = min(Position(offset - 1), log.end)
            if wanted.number < offset - 1 {
                let ahead = try await log.kept(filter, after: wanted, limit: Int(Self.limitMax)).position
                wanted = min(Position(offset - 1), max(wanted, ahead))
            }
        } else if offset < 0 {
            // The last so many, and everything before them is forgotten.
            let count = Int(min(Self.limitMax, 0 - max(offset, -Self.limitMax)))
            wanted = try await log.position(before: count, filter, after: confirmed)
        }
        guard wanted > confirmed else { return confirmed }
        try await programs.confirm(wanted, of: program)
        return wanted
    }
}

extension EventLog {
    /// The next events behind a position; what retention has taken stands in nobody's way.
    func kept(_ filter: EventFilter, after position: Position, limit: Int) async throws -> (
        events: [Event], position: Position
    ) {
        var position = position
        while true {
            do {
                return try await page(filter, after: position, limit: limit)
            } catch LogError.cursorExpired(let oldest) {
                // A sweep that is under way may take more before it is asked again.
                position = Position(oldest.number - 1)
            }
        }
    }
}

/// The kinds of updates that a call asks for.
struct AllowedUpdates {
    /// Nil stands for Telegram's usual ones.
    let kinds: [String]?

    /// Reads them; nil where the call says nothing, so that what was said before stays.
    static func read(_ arguments: CallArguments) throws -> AllowedUpdates? {
        guard let names = try arguments.list("allowed_updates") else { return nil }
        let known = names.filter { name in name.utf8.count <= 64 && !name.contains(" ") }
        return AllowedUpdates(kinds: known.isEmpty ? nil : Array(known.prefix(64)))
    }
}
