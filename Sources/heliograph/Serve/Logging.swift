import Base
import Reactor

/// The program's log: lines to standard error, written by a thread of their own.
struct Logging: Sendable {
    let writer: LogWriter
    let log: Log

    init(_ settings: Configuration.LogSettings) throws(SystemError) {
        let format: Log.Format =
            switch settings.format {
            case .json: .json
            case .text: .text(isColoured: Terminal.isErrorRead)
            case .automatic: Terminal.isErrorRead ? .text(isColoured: true) : .json
            }
        writer = try LogWriter(format: format, bytesMax: settings.bufferBytesMax)
        log = Log(to: writer, format: format, level: settings.level)
    }

    func logger(_ label: String) -> Logger { Logger(label, log) }

    /// Writes what still waits.
    func close() { writer.close(within: .seconds(1)) }
}
