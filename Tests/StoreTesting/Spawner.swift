import Foundation
import Glibc
import Synchronization

/// Starts programs from a thread that lives as long as this process.
///
/// A parent-death signal is sent when the *thread* ends that started the program, and those of the pool come and go.
final class Spawner: Sendable {
    static let shared = Spawner()

    private struct Order: Sendable {
        let arguments: [String]
        let log: String
        let answer: @Sendable (Result<pid_t, any Error>) -> Void
    }

    private let orders = Mutex<[Order]>([])
    private let arrived = DispatchSemaphore(value: 0)

    private init() {
        Thread.detachNewThread { [self] in
            while true {
                arrived.wait()
                guard let order = orders.withLock({ $0.popLast() }) else { continue }
                order.answer(Result { try Self.start(order.arguments, order.log) })
            }
        }
    }

    /// Starts a program; its process id, for whoever waits for it.
    func spawn(_ arguments: [String], log: String) throws -> pid_t {
        let done = DispatchSemaphore(value: 0)
        let box = AnswerBox()
        orders.withLock {
            $0.append(
                Order(arguments: arguments, log: log) { answer in
                    box.value.withLock { $0 = answer }
                    done.signal()
                })
        }
        arrived.signal()
        done.wait()
        guard let answer = box.value.withLock({ $0 }) else { throw POSIXError(.ESRCH) }
        return try answer.get()
    }

    private final class AnswerBox: Sendable { let value = Mutex<Result<pid_t, any Error>?>(nil) }

    /// Starts a program whose output goes to a file.
    static func start(_ arguments: [String], _ log: String) throws -> pid_t {
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        unsafe posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        unsafe posix_spawn_file_actions_addopen(&actions, 1, log, O_WRONLY | O_CREAT | O_APPEND, 0o644)
        unsafe posix_spawn_file_actions_adddup2(&actions, 1, 2)
        var pointers = unsafe arguments.map { unsafe strdup($0) } + [nil]
        defer { unsafe pointers.forEach { unsafe free($0) } }
        var process: pid_t = 0
        let status = unsafe posix_spawnp(&process, arguments[0], &actions, nil, &pointers, environ)
        guard status == 0 else { throw POSIXError(POSIXErrorCode(rawValue: status) ?? .EINVAL) }
        return process
    }
}

/// A port that nobody listened at a moment ago, and that the kernel gives to no client.
///
/// A client that got it while the server is away would keep the server from it, or even reach itself there.
func freePort() throws -> UInt16 {
    for _ in 0..<1000 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        defer { close(descriptor) }
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
        address.sin_port = UInt16.random(in: 10_000..<20_000).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(descriptor, pointer, length) | getsockname(descriptor, pointer, &length)
            }
        }
        if status == 0 { return UInt16(bigEndian: address.sin_port) }
    }
    throw POSIXError(.EADDRINUSE)
}

/// Runs what blocks on a thread of its own, because the threads of the pool are few.
package func away<R: Sendable>(_ work: @escaping @Sendable () throws -> R) async throws -> R {
    try await withCheckedThrowingContinuation { continuation in
        Thread.detachNewThread { continuation.resume(with: Result { try work() }) }
    }
}
