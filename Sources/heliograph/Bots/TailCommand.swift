import Bots
import Base
import Chats
import Kernel
import Reactor
import Streams
import Wire

/// `heliograph tail`: what happens, as it happens.
enum TailCommand {
    static func run(_ options: [String: String], _ configuration: Configuration) async throws(UsageError)
        -> ExitCode
    {
        let start: ReadStart
        switch options["--from"] {
        case nil, "now": start = .now
        case "start": start = .start
        case let text?:
            guard let number = Int64(text), number >= 0 else {
                throw UsageError("--from takes a cursor, `now` or `start`")
            }
            start = .after(Position(number))
        }
        var scope = EventFilter.Scope.everything
        if let text = options["--chat"] {
            guard let chat = Int64(text) else { throw UsageError("--chat takes a chat's number") }
            scope = .chat(chat)
        }
        let kinds = Set((options["--kinds"] ?? "").split(separator: ",").map(String.init))
        let bot = options["--bot"]
        return await withBots(configuration) { tools in
            if let bot { scope = .source(try tools.bot(bot).source) }
            try await follow(tools.log, EventFilter(scope, kinds: kinds), from: start)
        }
    }

    /// Follows until the process is told to stop.
    private static func follow(_ log: EventLog, _ filter: EventFilter, from start: ReadStart) async throws {
        let signals = try Signals.capture()
        let group = try EventLoopGroup(count: 1)
        defer { group.shutdown() }
        let stop = StopSignal()
        let watch = try await group.loops[0].run { () throws(SystemError) -> Watch in
            try signals.watch(on: group.loops[0]) { _ in stop.request() }
        }
        let isColoured = Terminal.isOutputRead
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask { await log.following.run() }
            tasks.addTask {
                for try await event in try await log.subscribe(filter, from: start) {
                    guard !isColoured else {
                        Terminal.say("\(EventLine(event).text)\n")
                        continue
                    }
                    var writer = JSONWriter()
                    event.write(to: &writer)
                    Terminal.say(writer.finish())
                }
            }
            tasks.addTask { await stop.wait() }
            try await tasks.next()
            tasks.cancelAll()
        }
        await group.loops[0].run { watch.cancel() }
    }
}

/// An event as a line for people.
private struct EventLine {
    let text: String

    init(_ event: Event) {
        let content = event.content
        let words = MessageJSON(event).words.map { "  \($0)" } ?? ""
        let chat = content.chat.map { " \($0)" } ?? ""
        let sender = content.sender.map { " <\($0)>" } ?? ""
        let colour =
            switch content.kind {
            case let kind where kind.hasPrefix("send."): "32"
            case let kind where kind.hasPrefix("bot."): "33"
            case let kind where kind.hasPrefix("edited_"): "35"
            default: "36"
            }
        text =
            "\u{1b}[2m\(event.position) \(event.recordedAt.rfc3339)\u{1b}[0m \u{1b}[\(colour)m\(content.kind)\u{1b}[0m"
            + " \(content.source.text)\(chat)\(sender)\(words)"
    }
}
