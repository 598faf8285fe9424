/// Writes log lines for one part of the program.
///
/// The message is one fixed sentence; what varies goes into fields. Neither is made where the level is off.
public struct Logger: Sendable {
    private let log: Log
    private let label: String
    private let metadata: LogFields

    /// A logger whose lines carry this label and these fields.
    public init(_ label: String, _ log: Log, _ metadata: LogFields = [:]) {
        self.log = log
        self.label = label
        self.metadata = metadata
    }

    /// A logger that writes nothing.
    public static let silent = Logger("", .silent)

    /// The same logger with more fields.
    public func with(_ fields: LogFields) -> Logger { Logger(label, log, metadata.adding(fields)) }

    /// Whether a line of this level would be written.
    public func isEnabled(_ level: LogLevel) -> Bool { log.isEnabled(level) }

    /// Writes a line at a level that is known at run time.
    public func log(
        _ level: LogLevel, _ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]
    ) {
        guard log.isEnabled(level) else { return }
        log.write(
            LogRecord(
                level: level, label: label, message: message(), context: TraceContext.current,
                fields: metadata.adding(fields())))
    }

    /// Writes a line about each step, for whoever writes the program.
    public func trace(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.trace, message(), fields())
    }

    /// Writes a line that helps to find a fault.
    public func debug(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.debug, message(), fields())
    }

    /// Writes a line that an operator likes to know.
    public func info(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.info, message(), fields())
    }

    /// Writes a line that may need somebody's attention.
    public func warning(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.warning, message(), fields())
    }

    /// Writes a line about what went wrong.
    public func error(_ message: @autoclosure () -> String, _ fields: @autoclosure () -> LogFields = [:]) {
        log(.error, message(), fields())
    }
}
