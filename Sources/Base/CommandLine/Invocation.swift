/// Why the words on the command line are no command.
public struct UsageError: Error, Equatable, CustomStringConvertible {
    /// What is wrong, and what may have been meant.
    public let description: String

    /// What is wrong, and what may have been meant.
    public init(_ description: String) { self.description = description }
}

/// What the command line asks for.
public struct Invocation: Sendable {
    /// The command.
    public let command: Command
    /// Whether the command's help is wanted instead of its work.
    public let wantsHelp: Bool
    /// The values of the command's own options by name; empty for those that stand alone.
    public let options: [String: String]
    /// The words that are no options.
    public let operands: [String]
    /// What is left for `Configuration.parse`, unknown flags included: it reports them with everything else.
    public let settings: [String]

    /// Reads the arguments, without the program's name.
    public static func parse(_ arguments: [String], _ commands: [Command]) throws(UsageError) -> Invocation {
        let names = commands.map(\.name)
        guard let word = arguments.first else {
            throw UsageError("a command is missing: one of \(names.joined(separator: ", "))")
        }
        let aliases = ["--help": "help", "-h": "help", "--version": "version", "-V": "version"]
        let name = aliases[word] ?? word
        guard let command = commands.first(where: { $0.name == name }) else {
            throw UsageError("\(word) is no command\(Suggestion.question(for: word, among: names))")
        }
        return try Invocation(command, Array(arguments.dropFirst()))
    }

    private init(_ command: Command, _ arguments: [String]) throws(UsageError) {
        var options: [String: String] = [:]
        var operands: [String] = []
        var settings: [String] = []
        var wantsHelp = false
        var rest = arguments[...]
        while let argument = rest.popFirst() {
            let name = String(argument.prefix { $0 != "=" })
            if argument == "--help" || argument == "-h" {
                wantsHelp = true
            } else if let option = command.options.first(where: { $0.name == name }) {
                guard options[name] == nil else { throw UsageError("\(name) is given twice") }
                options[name] = try Invocation.value(of: option, in: argument, &rest)
            } else if Invocation.isOperand(argument), operands.count < command.operands.count {
                operands.append(argument)
            } else if command.takesSettings {
                settings.append(argument)
                // A setting's value is no operand, whatever it looks like.
                if Setting.table.contains(where: { $0.flag == argument && !$0.isSwitch }),
                    let value = rest.first,
                    !value.hasPrefix("-")
                {
                    settings.append(value)
                    rest.removeFirst()
                }
            } else {
                let question = Suggestion.question(for: name, among: command.options.map(\.name))
                throw UsageError("\(argument) is not expected after \(command.name)\(question)")
            }
        }
        self.command = command
        self.wantsHelp = wantsHelp
        self.options = options
        self.operands = operands
        self.settings = settings
    }

    /// What stands for itself; the numbers of groups are negative.
    private static func isOperand(_ argument: String) -> Bool {
        !argument.hasPrefix("-") || argument == "-" || Int64(argument) != nil
    }

    private static func value(
        of option: Command.Option, in argument: String, _ rest: inout ArraySlice<String>
    ) throws(UsageError) -> String {
        let inlineValue = argument.firstIndex(of: "=").map { String(argument[argument.index(after: $0)...]) }
        guard let name = option.value else {
            guard inlineValue == nil else { throw UsageError("\(option.name) takes no value") }
            return ""
        }
        if let inlineValue { return inlineValue }
        guard let next = rest.first, !next.hasPrefix("--") else {
            throw UsageError("\(option.name) needs a value: \(name)")
        }
        rest.removeFirst()
        return next
    }
}
