import Foundation
import Glibc
import Synchronization
import TestSupport

/// A `redis-server` of this test run, in a folder of its own, that ends with the run whatever happens.
final class RedisProcess: Sendable {
    let port: UInt16
    let folder: URL
    private let options: [String]
    private let state = Mutex<(keeper: ChildProcess, pid: Int32)?>(nil)

    /// Starts a server; returns once it answers.
    init(_ options: [String] = [], port: UInt16? = nil, arguments: (URL) throws -> [String] = { _ in [] })
        throws
    {
        folder = FileManager.default.temporaryDirectory.appendingPathComponent("redis-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
        self.port = port ?? freePort()
        self.options = options + (try arguments(folder))
        try start()
    }

    deinit {
        kill()
        try? FileManager.default.removeItem(at: folder)
    }

    /// Starts the server again, at the same port.
    func start() throws {
        // The pipe ends with this process, also when it crashes, and the server and its folder end with the pipe.
        let script =
            "rm -f keep; redis-server \"$@\" >log 2>&1 </dev/null & echo $!; read -r x; kill -9 $!; "
            + "[ -e keep ] || rm -rf \"$PWD\""
        let keeper = try ChildProcess(
            "/bin/sh",
            ["-c", script, "sh", "--port", "\(port)", "--bind", "127.0.0.1", "--save", "", "--dir", "."]
                + ["--appendonly", "no", "--repl-diskless-sync-delay", "0"] + options,
            in: folder.path, hasInput: true, hasOutput: true)
        guard let pid = Int32(keeper.readLine()) else { throw CocoaError(.fileReadUnknown) }
        state.withLock { $0 = (keeper, pid) }
        guard waitUntil(seconds: 60, { isListening(port) }) else { throw CocoaError(.fileReadUnknown) }
    }

    /// Ends the server at once.
    func kill() {
        guard let (keeper, pid) = state.withLock({ $0.take() }) else { return }
        _ = Glibc.kill(pid, SIGKILL)
        // The folder is still needed, should the server be started again. The keeper may be gone already.
        try? Data().write(to: folder.appendingPathComponent("keep"))
        keeper.endInput()
        keeper.wait()
    }

    /// Stops the server in the middle of whatever it does.
    func freeze() { signal(SIGSTOP) }
    /// Lets a stopped server go on.
    func thaw() { signal(SIGCONT) }

    private func signal(_ number: Int32) {
        if let pid = state.withLock({ $0?.pid }) { _ = Glibc.kill(pid, number) }
    }

    /// Has `redis-cli` say something to the server.
    @discardableResult
    func cli(_ words: String...) throws -> String { try cli(words) }

    func cli(_ words: [String]) throws -> String {
        try ChildProcess.run("/usr/bin/redis-cli", ["-h", "127.0.0.1", "-p", "\(port)"] + words)
            .trimmingCharacters(in: .whitespacesAndNewlines)
    }
}

/// A port where nobody listens; the one 10,000 above, which a server of a cluster needs, is free as well.
///
/// Neither is one that the kernel gives to clients, who would keep a server from it that comes back.
func freePort() -> UInt16 {
    while true {
        let port = UInt16.random(in: 20_000..<22_768)
        if canBind(port), canBind(port + 10_000) { return port }
    }
}

func waitUntil(seconds: Double, _ condition: () throws -> Bool) rethrows -> Bool {
    let deadline = Date(timeIntervalSinceNow: seconds)
    while Date() < deadline {
        if try condition() { return true }
        usleep(5000)
    }
    return false
}

/// Lends a loopback address in the kernel's form.
func withLoopback<R>(_ port: UInt16, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) -> R {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    return unsafe withUnsafePointer(to: &address) { pointer in
        unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
            unsafe body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
        }
    }
}

func newSocket() -> Int32 { socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0) }

private func canBind(_ port: UInt16) -> Bool {
    let fd = newSocket()
    defer { close(fd) }
    return unsafe withLoopback(port) { unsafe bind(fd, $0, $1) } == 0
}

func isListening(_ port: UInt16) -> Bool {
    let fd = newSocket()
    defer { close(fd) }
    return unsafe withLoopback(port) { unsafe connect(fd, $0, $1) } == 0
}
