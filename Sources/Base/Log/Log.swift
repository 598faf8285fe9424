import Synchronization

/// The log of a program: one level, one format, one place where the lines go.
public final class Log: Sendable {
    /// How a line looks.
    public enum Format: Sendable, Equatable {
        /// One JSON object a line.
        case json
        /// Text for people.
        case text(isColoured: Bool)
    }

    /// A log that writes nothing.
    public static let silent = Log(to: NoLogSink(), level: nil)

    private let sink: any LogSink
    private let format: Format
    private let clocks: Clocks
    /// The lowest level that is written; one above the highest for none.
    private let lowest: Atomic<UInt8>

    /// A log that writes what matters at least as much as `level`; nothing at all where that is nil.
    public init(
        to sink: some LogSink, format: Format = .json, level: LogLevel? = .info, clocks: Clocks = .system
    ) {
        self.sink = sink
        self.format = format
        self.clocks = clocks
        lowest = Atomic(level?.rawValue ?? .max)
    }

    /// The lowest level that is written; may be set at any time.
    public var level: LogLevel? {
        get { LogLevel(rawValue: lowest.load(ordering: .relaxed)) }
        set { lowest.store(newValue?.rawValue ?? .max, ordering: .relaxed) }
    }

    /// Whether a line of this level would be written.
    public func isEnabled(_ level: LogLevel) -> Bool { level.rawValue >= lowest.load(ordering: .relaxed) }

    func write(_ record: LogRecord) { sink.write(format.line(record, at: clocks.now)) }
}

extension Log.Format {
    /// A finished line outside of any log, for a sink that has something to say about itself.
    package func line(
        _ level: LogLevel, _ label: String, _ message: String, _ fields: LogFields, at time: Timestamp
    ) -> [UInt8] {
        line(LogRecord(level: level, label: label, message: message, context: nil, fields: fields), at: time)
    }

    fileprivate func line(_ record: LogRecord, at time: Timestamp) -> [UInt8] {
        var line: [UInt8] = []
        line.reserveCapacity(384)
        switch self {
        case .json: record.appendJSON(at: time, to: &line)
        case .text(let isColoured): record.appendText(at: time, isColoured: isColoured, to: &line)
        }
        return line
    }
}
