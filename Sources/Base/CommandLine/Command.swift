/// A command of the program, as `heliograph help` explains it.
public struct Command: Sendable {
    /// An option that belongs to one command, beside the settings.
    public struct Option: Sendable {
        /// The name with its dashes.
        public let name: String
        /// What stands for its value in the help; nil where it stands alone.
        public let value: String?
        /// One sentence for people.
        public let help: String

        /// An option; without a value's name it stands alone.
        public init(_ name: String, value: String? = nil, _ help: String) {
            self.name = name
            self.value = value
            self.help = help
        }
    }

    /// The word that asks for it.
    public let name: String
    /// One sentence for the list of commands.
    public let summary: String
    /// What else there is to say, in lines.
    public let details: String
    /// What stands for its operands in the help; they may be left out.
    public let operands: [String]
    /// Its own options.
    public let options: [Option]
    /// Whether it takes the settings as flags.
    public let takesSettings: Bool

    /// A command and all that it takes.
    public init(
        _ name: String, _ summary: String, details: String = "", operands: [String] = [],
        options: [Option] = [],
        takesSettings: Bool = false
    ) {
        self.name = name
        self.summary = summary
        self.details = details
        self.operands = operands
        self.options = options
        self.takesSettings = takesSettings
    }

    /// The text of `heliograph help NAME`.
    public var help: String {
        let words = operands.map { " [\($0)]" } + (options.isEmpty ? [] : [" [OPTIONS]"])
        var text =
            "Usage: heliograph \(name)\(words.joined())\(takesSettings ? " [SETTINGS]" : "")\n\n\(summary)\n"
        if !details.isEmpty { text += "\n\(details)\n" }
        if !options.isEmpty {
            text += "\nOptions:\n"
            for option in options {
                text += "  \(option.name)\(option.value.map { " \($0)" } ?? "")\n      \(option.help)\n"
            }
        }
        guard takesSettings else { return text }
        text += "\nSettings, each a flag, an environment variable or a key of the file:\n"
        for setting in Setting.table { text += setting.helpText }
        return text
    }
}

extension Setting {
    fileprivate var helpText: String {
        let standard = defaultText.isEmpty || isSecret ? "" : " (\(defaultText))"
        return "  \(flag)\(isSwitch ? "" : " VALUE")  \(variable)  \(key)\n      \(help)\(standard)\n"
    }
}
