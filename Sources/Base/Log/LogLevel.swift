/// How much a log line matters.
public enum LogLevel: UInt8, Sendable, CaseIterable, Comparable {
    /// Each step, for whoever writes the program.
    case trace
    /// What helps to find a fault.
    case debug
    /// What an operator likes to know.
    case info
    /// What may need somebody's attention.
    case warning
    /// What went wrong.
    case error

    /// The level with this lowercase name.
    public init?(name: some StringProtocol) {
        guard let level = LogLevel.allCases.first(where: { $0.name == name }) else { return nil }
        self = level
    }

    /// The lowercase name.
    public var name: String { "\(bytes)" }

    /// Whether the left level matters less.
    public static func < (left: LogLevel, right: LogLevel) -> Bool { left.rawValue < right.rawValue }

    var bytes: StaticString {
        switch self {
        case .trace: "trace"
        case .debug: "debug"
        case .info: "info"
        case .warning: "warning"
        case .error: "error"
        }
    }
}
