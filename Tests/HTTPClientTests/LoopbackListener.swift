import Foundation
import Glibc
import Synchronization

/// A socket that listens on a free loopback port.
///
/// One thread accepts, and only that one closes: a descriptor that is closed while its thread is between two calls has a
/// new owner before the next, and the thread would take connections away from it, whose clients then wait for ever.
final class LoopbackListener: Sendable {
    let port: UInt16
    private let descriptor: Int32
    private let isOpen = Mutex(true)

    /// One that does not listen keeps its port for itself, and nobody can connect to it.
    init(isListening: Bool = true) throws {
        let kind = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue)
        let listener = socket(AF_INET, kind, 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let status = unsafe withUnsafeMutablePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { address in
                let bound = unsafe bind(listener, address, length)
                _ = unsafe getsockname(listener, address, &length)
                return bound
            }
        }
        guard status == 0, !isListening || listen(listener, 512) == 0 else { throw POSIXError(.EADDRINUSE) }
        descriptor = listener
        port = UInt16(bigEndian: address.sin_port)
    }

    /// Waits for a connection; nil once `stop` was called.
    func accept() -> Int32? {
        let connection = Glibc.accept(descriptor, nil, nil)
        return connection >= 0 ? connection : nil
    }

    /// Takes no more connections; whoever accepts is woken.
    func stop() { isOpen.withLock { if $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } } }

    /// For the one thread that accepts.
    func close() {
        isOpen.withLock { isOpen in
            if isOpen { Glibc.close(descriptor) }
            isOpen = false
        }
    }
}
