import Synchronization

/// Where finished log lines go.
public protocol LogSink: Sendable {
    /// Takes one line, its newline included; must not block.
    func write(_ line: [UInt8])
}

/// Keeps log lines for a test to look at.
public final class LogCollector: LogSink {
    private let kept = Mutex<[String]>([])

    /// A collector without lines.
    public init() {}

    /// The lines until now, without their newlines.
    public var lines: [String] { kept.withLock { $0 } }

    /// Keeps one line.
    public func write(_ line: [UInt8]) {
        let text = String(decoding: line.dropLast(), as: UTF8.self)
        kept.withLock { $0.append(text) }
    }
}

/// Throws every line away.
struct NoLogSink: LogSink {
    func write(_ line: [UInt8]) {}
}
