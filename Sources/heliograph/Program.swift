import Base

/// The program: finds out what is asked for, and does it.
enum Program {
    private static let json = Command.Option("--json", "Prints JSON for a script.")

    /// Every command, in the order of the help.
    static let commands = [
        Command(
            "serve", "Runs the server.",
            options: [
                Command.Option(
                    "--simulate",
                    "Puts a simulated Telegram with two bots in place of the real one, while no other bot is registered."
                )
            ], takesSettings: true),
        Command(
            "config", "Prints every setting with its value and where that comes from.",
            details:
                "Flags are stronger than the environment, and that is stronger than the file. Secrets are masked.",
            options: [json], takesSettings: true),
        Command(
            "doctor", "Looks for what could keep the server from running, and says what to do.",
            details: "Ends with 1 when something is broken.", options: [json], takesSettings: true),
        Command(
            "migrate", "Shows or moves the database's schema.",
            details:
                "ACTION is status, up or down; NUMBER is the step to stop at. serve does `up` by itself.",
            operands: ["ACTION", "NUMBER"], options: [json], takesSettings: true),
        Command(
            "backup", "Writes the whole database to a file, while the server runs.",
            details: "The file can be restored into SQLite and into PostgreSQL.", operands: ["FILE"],
            takesSettings: true),
        Command(
            "restore", "Brings a backup into an empty database.",
            details: "The file is checked as a whole before the first row is written.", operands: ["FILE"],
            takesSettings: true),
        Command(
            "rebuild", "Makes chats, users and messages anew of the log, while the server runs.",
            details: "For after a restore, or when what is shown does not agree with the log.",
            takesSettings: true),
        Command(
            "user", "Makes, lists and changes users; running servers take it in within a second.",
            details: "ACTION is create, list, password, enable, disable or delete.", operands: ["ACTION"],
            options: [
                json, Command.Option("--username", value: "NAME", "The name to sign in with."),
                Command.Option("--display-name", value: "TEXT", "The name for people."),
                Command.Option("--admin", "Gives the role admin."),
                Command.Option(
                    "--roles", value: "LIST", "Roles, parted by commas: viewer, operator, admin, or your own."
                ),
                Command.Option("--password-stdin", "Takes the password from standard input's first line."),
            ], takesSettings: true),
        Command(
            "key", "Makes, lists and revokes API keys.",
            details: "ACTION is create, list or revoke; ID is the key's, for revoke. A key is printed once.",
            operands: ["ACTION", "ID"],
            options: [
                json, Command.Option("--username", value: "NAME", "The user for whom the key acts."),
                Command.Option("--name", value: "TEXT", "What people call the key."),
                Command.Option(
                    "--scopes", value: "LIST", "Permissions, parted by commas; all of its user's without it."),
                Command.Option("--days", value: "N", "After so many days it ends."),
                Command.Option(
                    "--signing", "Lets requests be signed with it; the secret is the second line."),
            ], takesSettings: true),
        Command(
            "bot", "Registers bots, and changes how they run; running servers take it in within a second.",
            details:
                "ACTION is add, list, show, pause, resume, remove, replace-token, or token for a program that speaks the Bot API. "
                + "Tokens from @BotFather are read from standard input. NAME is the bot's @name or number.",
            operands: ["ACTION", "NAME"],
            options: [
                json, Command.Option("--mode", value: "MODE", "webhook or polling."),
                Command.Option("--display-name", value: "TEXT", "The name for people."),
                Command.Option("--username", value: "NAME", "The user for whom a program acts."),
                Command.Option("--name", value: "TEXT", "What people call the program."),
                Command.Option("--read-only", "Lets the program read and not send."),
            ], takesSettings: true),
        Command(
            "chat", "Shows chats and what was said in them.",
            details: "ACTION is list, or history with a chat's number.", operands: ["ACTION", "CHAT"],
            options: [json, Command.Option("--limit", value: "N", "How many at most (50).")],
            takesSettings: true),
        Command(
            "send", "Sends a text or a file to a chat, through the outbox of the running server.",
            details: "TEXT is the text, or `-` for standard input.", operands: ["CHAT", "TEXT"],
            options: [
                Command.Option("--photo", value: "FILE", "Sends a picture in place of a text."),
                Command.Option("--document", value: "FILE", "Sends any file in place of a text."),
                Command.Option("--caption", value: "TEXT", "What stands below the file."),
                Command.Option("--bot", value: "NAME", "The bot that sends, where several reach the chat."),
                Command.Option("--no-wait", "Does not wait for the outcome."),
            ], takesSettings: true),
        Command(
            "tail", "Follows what happens: in colours on a terminal, as JSON lines in a pipe.",
            options: [
                Command.Option("--chat", value: "ID", "Only in this chat."),
                Command.Option("--bot", value: "NAME", "Only through this bot."),
                Command.Option("--kinds", value: "LIST", "Only these kinds of events, parted by commas."),
                Command.Option(
                    "--from", value: "CURSOR", "Behind a cursor, from `start`, or from `now` (now)."),
            ], takesSettings: true),
        Command(
            "rotate-keys", "Seals stored secrets with the current encryption key, while servers run.",
            details:
                "Ends with 1 when something is left that an old key has sealed. It can be broken off and run again.",
            options: [
                json,
                Command.Option(
                    "--new-key", "Adds a fresh key to the file of keys first, and seals with that."),
                Command.Option(
                    "--remove-old", "Removes old keys from the file once nothing needs them any more."),
                Command.Option(
                    "--pause", value: "N", "Seconds that servers are given to see a change of the file (3)."),
            ], takesSettings: true),
        Command(
            "audit", "Checks or shows the log of who did what.",
            details: "ACTION is verify or list. verify ends with 1 when an entry was changed or removed.",
            operands: ["ACTION"],
            options: [
                json, Command.Option("--limit", value: "N", "How many entries list shows, the newest (50)."),
                Command.Option(
                    "--anchor", value: "N:HASH", "An entry and its hash that verify has shown earlier."),
            ], takesSettings: true),
        Command(
            "bench",
            "Measures what the log can do on this machine, in an empty database, or what access checks cost.",
            details: "WHAT is log or access. Prints JSON.", operands: ["WHAT"],
            options: [
                Command.Option("--seconds", value: "N", "How long appends are measured (5)."),
                Command.Option("--events", value: "N", "How many events the log is filled with (200000)."),
            ], takesSettings: true),
        Command(
            "sim", "Runs a Telegram of our own, for tests and demonstrations.",
            details: "docs/simulator.md tells what it can do.",
            options: [
                Command.Option("--listen", value: "ADDRESS", "Where it listens (127.0.0.1:8081)."),
                Command.Option("--seed", value: "N", "What all its chance comes from (1)."),
                Command.Option("--script", value: "FILE", "JSON steps to do at the start."),
                Command.Option(
                    "--numbers-from-clock", "Numbers messages so that a later start repeats none."),
            ]),
        Command("version", "Prints the version.", options: [json]),
        Command("help", "Explains a command.", operands: ["COMMAND"]),
    ]

    /// Does what the arguments ask for.
    static func run(_ arguments: [String], environment: [String: String]) async -> ExitCode {
        do throws(UsageError) {
            let invocation = try Invocation.parse(arguments, commands)
            if invocation.wantsHelp {
                Terminal.say(invocation.command.help)
                return .success
            }
            return try await run(invocation, environment)
        } catch {
            Terminal.complain("heliograph: \(error)\nSee `heliograph help`.\n")
            return .usage
        }
    }

    private static func run(
        _ invocation: Invocation, _ environment: [String: String]
    ) async throws(UsageError) -> ExitCode {
        let isJSON = invocation.options["--json"] != nil
        switch invocation.command.name {
        case "version": return Version.run(isJSON: isJSON)
        case "sim": return try await SimCommand.run(invocation.options)
        case "help": return try help(about: invocation.operands.first)
        default: break
        }
        let configuration: Configuration
        do throws(ConfigurationError) {
            configuration = try ConfigurationFile.load(flags: invocation.settings, environment: environment)
        } catch {
            for problem in error.problems { Terminal.complain("heliograph: \(problem)\n") }
            Terminal.complain("See `heliograph help \(invocation.command.name)`.\n")
            return error.isUsageAlone ? .usage : .configuration
        }
        switch invocation.command.name {
        case "serve":
            let flags = invocation.settings
            return await ServeCommand.run(configuration, simulates: invocation.options["--simulate"] != nil) {
                try ConfigurationFile.load(flags: flags, environment: environment)
            }
        case "config": return ConfigCommand.run(configuration, isJSON: isJSON)
        case "migrate":
            return try await MigrateCommand.run(invocation.operands, configuration, isJSON: isJSON)
        case "bench":
            return try await BenchCommand.run(invocation.operands, invocation.options, configuration)
        case "user": return try await UserCommand.run(invocation.operands, invocation.options, configuration)
        case "key": return try await KeyCommand.run(invocation.operands, invocation.options, configuration)
        case "bot": return try await BotCommand.run(invocation.operands, invocation.options, configuration)
        case "chat": return try await ChatCommand.run(invocation.operands, invocation.options, configuration)
        case "send": return try await SendCommand.run(invocation.operands, invocation.options, configuration)
        case "tail": return try await TailCommand.run(invocation.options, configuration)
        case "rotate-keys":
            return try await RotateKeysCommand.run(invocation.options, configuration, isJSON: isJSON)
        case "audit":
            return try await AuditCommand.run(
                invocation.operands, invocation.options, configuration, isJSON: isJSON)
        case "rebuild": return await RebuildCommand.run(configuration)
        case "backup": return try await BackupCommand.backup(invocation.operands, configuration)
        case "restore": return try await BackupCommand.restore(invocation.operands, configuration)
        default: return await Doctor.run(configuration, isJSON: isJSON)
        }
    }

    private static func help(about name: String?) throws(UsageError) -> ExitCode {
        if let name {
            guard let command = commands.first(where: { $0.name == name }) else {
                throw UsageError(
                    "\(name) is no command; there are \(commands.map(\.name).joined(separator: ", "))")
            }
            Terminal.say(command.help)
            return .success
        }
        var text = "Heliograph, a self-hosted Telegram gateway.\n\nUsage: heliograph COMMAND\n\nCommands:\n"
        for command in commands {
            let gap = String(repeating: " ", count: max(1, 13 - command.name.count))
            text += "  \(command.name)\(gap)\(command.summary)\n"
        }
        Terminal.say(text + "\n`heliograph help COMMAND` tells more.\n")
        return .success
    }
}
