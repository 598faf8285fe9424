import Base
import Testing

@Suite struct InvocationTests {
    private let commands = [
        Command("serve", "Runs the server.", takesSettings: true),
        Command(
            "user", "Makes a user.", operands: ["ACTION", "NAME"],
            options: [
                Command.Option("--json", "Prints JSON."),
                Command.Option("--role", value: "ROLE", "The role."),
            ],
            takesSettings: true),
        Command("version", "Prints the version.", options: [Command.Option("--json", "Prints JSON.")]),
        Command("help", "Explains a command.", operands: ["COMMAND"]),
    ]

    private func parse(_ words: String...) throws(UsageError) -> Invocation {
        try Invocation.parse(words, commands)
    }

    private func mistake(_ words: String...) -> String? {
        do throws(UsageError) {
            _ = try Invocation.parse(words, commands)
            return nil
        } catch {
            return error.description
        }
    }

    @Test func `a command's options, operands and settings are told apart`() throws {
        let invocation = try parse(
            "user", "--data", "create", "create", "--role=admin", "--bench", "ann", "--json", "--listen=x",
            "--what")
        #expect(invocation.command.name == "user")
        #expect(invocation.options == ["--role": "admin", "--json": ""])
        #expect(invocation.operands == ["create", "ann"])
        #expect(invocation.settings == ["--data", "create", "--bench", "--listen=x", "--what"])
        #expect(!invocation.wantsHelp)
    }

    @Test func `what is left goes to the configuration, which reports it with everything else`() throws {
        #expect(try parse("serve", "x", "--y").settings == ["x", "--y"])
    }

    @Test(arguments: ["--help", "-h"]) func `help is asked for before or after the command`(flag: String)
        throws
    {
        #expect(try parse(flag).command.name == "help")
        #expect(try parse("serve", "--listen", flag).wantsHelp)
    }

    @Test func `the version is asked for with a flag, too`() throws {
        #expect(try parse("--version").command.name == "version")
    }

    @Test func `what is no command is told with what may have been meant`() {
        #expect(mistake() == "a command is missing: one of serve, user, version, help")
        #expect(mistake("sevre") == "sevre is no command; did you mean serve?")
        #expect(mistake("dance") == "dance is no command")
        #expect(mistake("version", "x") == "x is not expected after version")
        #expect(mistake("version", "--jsn") == "--jsn is not expected after version; did you mean --json?")
        #expect(mistake("version", "--json=1") == "--json takes no value")
        #expect(mistake("version", "--json", "--json") == "--json is given twice")
        #expect(mistake("user", "--role") == "--role needs a value: ROLE")
        #expect(mistake("user", "--role", "--json") == "--role needs a value: ROLE")
        #expect(mistake("help", "a", "b") == "b is not expected after help")
    }

    @Test func `the help names operands, options and settings`() {
        let help = commands[1].help
        #expect(
            help.hasPrefix("Usage: heliograph user [ACTION] [NAME] [OPTIONS] [SETTINGS]\n\nMakes a user.\n"))
        #expect(help.contains("  --role ROLE\n      The role.\n"))
        #expect(help.contains("--listen VALUE  HELIOGRAPH_LISTEN  listen\n"))
        #expect(!commands[3].help.contains("HELIOGRAPH"))
    }
}
