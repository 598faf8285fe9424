import Base
import Glibc

/// What a command says, and to whom.
enum Terminal {
    /// Writes to standard output.
    static func say(_ text: String) { write(text, to: STDOUT_FILENO) }

    /// Writes bytes and a line's end to standard output.
    static func say(_ bytes: Bytes) { say(bytes.repairedText + "\n") }

    /// Writes to standard error.
    static func complain(_ text: String) { write(text, to: STDERR_FILENO) }

    /// Whether a person reads standard error.
    static var isErrorRead: Bool { isatty(STDERR_FILENO) == 1 }

    /// Whether a person reads standard output.
    static var isOutputRead: Bool { isatty(STDOUT_FILENO) == 1 }

    /// Whether a person types standard input.
    static var isInputTyped: Bool { isatty(STDIN_FILENO) == 1 }

    private static func write(_ text: String, to descriptor: Int32) {
        var bytes = Array(text.utf8)[...]
        while !bytes.isEmpty {
            let count = unsafe bytes.withUnsafeBytes {
                unsafe Glibc.write(descriptor, $0.baseAddress, $0.count)
            }
            // Nobody is left to tell that nobody reads.
            if count <= 0 { return }
            bytes = bytes.dropFirst(count)
        }
    }
}
