import Base
import BotAPI
import Bots
import Bus
import Chats
import HTTPServer
import Kernel
import Sending
import Wire

/// `heliograph send`: a text or a file through the outbox of the server that runs beside.
enum SendCommand {
    /// How long the answer is waited for.
    private static let patience = Duration.seconds(30)
    private static let files: [(option: String, kind: MediaMessage.Kind)] = [
        ("--photo", .photo), ("--document", .document),
    ]

    static func run(_ operands: [String], _ options: [String: String], _ configuration: Configuration)
        async throws(UsageError) -> ExitCode
    {
        guard let chat = operands.first.flatMap({ Int64($0) }) else {
            throw UsageError("send needs a chat's number, and a text or a file")
        }
        let request = try request(
            to: chat, operands.dropFirst(), options, bytesMax: configuration.http.bodyBytesMax)
        let name = options["--bot"]
        let waits = options["--no-wait"] == nil
        return await withBots(configuration) { tools in
            var bots = try await Chats(tools.database, tools.log).sources(of: chat).compactMap(\.botID)
            if let name { bots = [try tools.bot(name).id] }
            guard let bot = bots.first, bots.count == 1 else {
                throw APIError(
                    .validationFailed,
                    bots.isEmpty
                        ? "no bot is known to reach this chat: name one with --bot"
                        : "several bots reach this chat: name one with --bot")
            }
            let sends = Sends(tools.sending)
            let send = try await sends.submit(SendDraft(bot: bot, chat: chat, request), by: console)
            say(waits ? try await outcome(of: send, sends) : send)
        }
    }

    /// Whoever runs the program's commands, who can read the database anyway.
    private static let console = Caller(
        userID: 0, userName: "console", credential: .console, roles: [], permissions: Permission.all,
        reach: .everything)

    // MARK: What is sent

    private static func request(
        to chat: Int64, _ texts: ArraySlice<String>, _ options: [String: String], bytesMax: Int
    ) throws(UsageError) -> any BotRequest {
        let request: any BotRequest
        let named = files.filter { options[$0.option] != nil }
        if let file = named.first, let path = options[file.option] {
            guard named.count == 1, texts.isEmpty else {
                throw UsageError("send takes a text or one file, with --caption")
            }
            request = MediaMessage(
                to: chat, file.kind, .upload(try upload(path, bytesMax)),
                caption: options["--caption"].map { FormattedText($0) })
        } else {
            guard let text = texts.first, texts.count == 1, options["--caption"] == nil else {
                throw UsageError(
                    "send needs a text, or a file by --photo or --document; `-` reads the text from standard input"
                )
            }
            request = TextMessage(to: chat, FormattedText(text == "-" ? input() : text))
        }
        do throws(BotRequestError) { try request.check() } catch {
            throw UsageError("the \(error.field) \(error.reason)")
        }
        return request
    }

    private static func upload(_ path: String, _ bytesMax: Int) throws(UsageError) -> InputFile.Upload {
        let (bytes, code) = FileSystem.contents(of: path, bytesMax: bytesMax)
        guard let bytes else { throw UsageError("\(path) cannot be read: \(FileSystem.text(of: code))") }
        return InputFile.Upload(name: path.split(separator: "/").last.map { String($0) } ?? "file", bytes)
    }

    private static func input() -> String {
        var lines: [String] = []
        while let line = readLine(strippingNewline: false) { lines.append(line) }
        return lines.joined()
    }

    // MARK: What became of it

    private static func outcome(of send: Send, _ sends: Sends) async throws -> Send {
        let deadline = Clocks.system.moment + patience
        var latest = send
        while !latest.state.isFinal, Clocks.system.moment < deadline {
            try await Task.sleep(for: .milliseconds(100))
            latest = try await sends.send(send.id) ?? latest
        }
        return latest
    }

    private static func say(_ send: Send) {
        guard !Terminal.isOutputRead else {
            let message = send.message.map { " as message \($0)" } ?? ""
            let why = send.error.map { ": \($0)" } ?? ""
            let hint = send.state == .pending ? " (does the server run?)" : ""
            return Terminal.say("\(send.state.rawValue)\(message)\(why)\(hint)\n")
        }
        var writer = JSONWriter()
        writer.object { $0.field("send", send) }
        Terminal.say(writer.finish())
    }
}
