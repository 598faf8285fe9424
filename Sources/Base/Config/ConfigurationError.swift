/// One thing that is wrong with the configuration.
public struct ConfigurationProblem: Sendable, Equatable, CustomStringConvertible {
    /// What kind of mistake it is.
    public enum Code: String, Sendable {
        /// A flag, variable or key that means nothing.
        case unknown
        /// A value that the setting cannot have.
        case badValue
        /// A flag without its value.
        case missingValue
        /// The same setting twice in one source.
        case repeated
        /// Settings that do not go together.
        case conflict
        /// A file that cannot be read or is no configuration.
        case unreadable
    }

    /// What kind of mistake it is.
    public let code: Code
    /// Where it was found: a flag, a variable, a key of the file.
    public let place: Place
    /// What is wrong, and what would be right; never holds a secret.
    public let message: String

    /// Where a problem was found.
    public enum Place: Sendable, Equatable, CustomStringConvertible {
        /// A flag, with its dashes, or a stray argument.
        case flag(String)
        /// An environment variable.
        case variable(String)
        /// A key of the file, with dots.
        case key(String)
        /// The file itself.
        case file(String)
        /// A setting, whichever source gave it.
        case setting(String)

        /// How messages call it.
        public var description: String {
            switch self {
            case .flag(let name), .variable(let name): name
            case .key(let name): "\(name) in the file"
            case .file(let path), .setting(let path): path
            }
        }
    }

    /// A mistake, where it is, and what would be right.
    public init(_ code: Code, _ place: Place, _ message: String) {
        self.code = code
        self.place = place
        self.message = message
    }

    /// One line for people.
    public var description: String { "\(place): \(message)" }
}

/// All that is wrong with the configuration, at once.
public struct ConfigurationError: Error, Equatable, CustomStringConvertible {
    /// The mistakes, at least one.
    public let problems: [ConfigurationProblem]

    /// All that is wrong.
    public init(_ problems: [ConfigurationProblem]) { self.problems = problems }

    /// One line for each mistake.
    public var description: String { problems.map(\.description).joined(separator: "\n") }

    /// Whether nothing but the command line is at fault.
    public var isUsageAlone: Bool {
        problems.allSatisfy {
            if case .flag = $0.place { return true }
            return false
        }
    }
}

/// Why a text is no value for a setting.
struct SettingMistake: Error, Equatable {
    let message: String

    init(_ message: String) { self.message = message }
}
