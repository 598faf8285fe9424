import Glibc

/// A program that a test runs.
///
/// Not Foundation's `Process`: that sees its child end by a socket, which a child that is spawned at the same moment
/// inherits. Whoever waits then waits for that one too, and for a server it is for ever. Here a child gets no descriptor
/// but the standard ones, and `waitpid` waits for the child itself.
package final class ChildProcess: Sendable {
    /// Why a program did not do what it should.
    package enum Failure: Error {
        case notStarted(path: String, code: Int32)
        case failed(path: String, status: Int32)
    }

    private let id: pid_t
    /// What is written here it reads as its input; -1 where it has none.
    private let input: Int32
    /// What it says can be read here; -1 where nobody listens.
    private let output: Int32

    /// Starts a program.
    ///
    /// Without pipes it is silent and has no input; a pipe for its input ends when this process does.
    package init(
        _ path: String, _ arguments: [String], in folder: String? = nil, hasInput: Bool = false,
        hasOutput: Bool = false
    ) throws(Failure) {
        let (childInput, input) = hasInput ? Self.pipe() : (-1, -1)
        let (output, childOutput) = hasOutput ? Self.pipe() : (-1, -1)
        defer { for descriptor in [childInput, childOutput] where descriptor >= 0 { close(descriptor) } }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        for (descriptor, end) in [(0, childInput), (1, childOutput), (2, -1)] as [(Int32, Int32)] {
            if end >= 0 {
                unsafe posix_spawn_file_actions_adddup2(&actions, end, descriptor)
            } else {
                unsafe posix_spawn_file_actions_addopen(&actions, descriptor, "/dev/null", O_RDWR, 0)
            }
        }
        // Those that libraries open without CLOEXEC; Swift does not see the call that closes all.
        for descriptor in 3..<4096 as Range<Int32> {
            unsafe posix_spawn_file_actions_addclose(&actions, descriptor)
        }
        // Swift does not see the call that changes the folder either.
        let command = folder.map { ["/bin/sh", "-c", "cd \"$0\" && exec \"$@\"", $0, path] } ?? [path]
        var words = unsafe (command + arguments).map { unsafe strdup($0) } + [nil]
        var id: pid_t = 0
        let code = unsafe posix_spawn(&id, command[0], &actions, nil, &words, environ)
        unsafe words.forEach { unsafe free($0) }
        unsafe posix_spawn_file_actions_destroy(&actions)
        self.id = id
        self.input = input
        self.output = output
        guard code == 0 else { throw .notStarted(path: path, code: code) }
    }

    deinit { for descriptor in [input, output] where descriptor >= 0 { close(descriptor) } }

    /// Runs a program to its end, which must be a good one, and returns what it said.
    @discardableResult
    package static func run(
        _ path: String, _ arguments: [String], in folder: String? = nil
    ) throws(Failure) -> String {
        let child = try ChildProcess(path, arguments, in: folder, hasOutput: true)
        let text = child.read(upTo: nil)
        let status = child.wait()
        guard status == 0 else { throw .failed(path: path, status: status) }
        return text
    }

    /// Whether the program has not ended yet; ask no more once it has.
    package var isRunning: Bool { waitpid(id, nil, WNOHANG) == 0 }

    /// Sends a signal.
    package func signal(_ number: Int32) { _ = kill(id, number) }

    /// Waits for its end; returns its status as `waitpid` tells it.
    @discardableResult
    package func wait() -> Int32 {
        var status: Int32 = 0
        while unsafe waitpid(id, &status, 0) < 0, errno == EINTR {}
        return status
    }

    /// Ends its input, with one last line.
    package func endInput() {
        var end: UInt8 = 10
        _ = unsafe write(input, &end, 1)
        // The descriptor itself is closed with the object, so that its number is not another's before.
        shutdownInput()
    }

    /// The next line that it says, without its end; empty at the end of its output.
    package func readLine() -> String { read(upTo: 10) }

    private func shutdownInput() {
        let null = unsafe open("/dev/null", O_WRONLY | O_CLOEXEC)
        dup2(null, input)
        _ = fcntl(input, F_SETFD, FD_CLOEXEC)
        close(null)
    }

    private func read(upTo end: UInt8?) -> String {
        var bytes: [UInt8] = []
        var byte: UInt8 = 0
        while unsafe Glibc.read(output, &byte, 1) == 1, byte != end { bytes.append(byte) }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func pipe() -> (read: Int32, write: Int32) {
        var ends: [Int32] = [-1, -1]
        unsafe Glibc.pipe(&ends)
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        return (ends[0], ends[1])
    }
}
