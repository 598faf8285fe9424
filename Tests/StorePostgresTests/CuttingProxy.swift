import Foundation
import Glibc
import Synchronization

/// A TCP relay to a port on loopback that cuts its connections when it is told to.
final class CuttingProxy: Sendable {
    let port: UInt16
    private let listener: Int32
    private let target: UInt16
    private let open = Mutex<[Int32]>([])
    private let isRunning = Atomic(true)

    init(to target: UInt16) throws {
        self.target = target
        listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
        var address = loopback(0)
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        let descriptor = listener
        let status = unsafe withUnsafeMutablePointer(to: &address) { pointer in
            unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                unsafe bind(descriptor, pointer, length) | getsockname(descriptor, pointer, &length)
            }
        }
        guard status == 0, listen(listener, 64) == 0 else { throw POSIXError(.EADDRINUSE) }
        port = UInt16(bigEndian: address.sin_port)
        Thread.detachNewThread { [self] in accept() }
    }

    /// Cuts every connection that there is, as a reset.
    func cut() {
        for descriptor in open.withLock({ $0 }) { shutdown(descriptor, Int32(SHUT_RDWR)) }
    }

    func stop() {
        isRunning.store(false, ordering: .relaxed)
        shutdown(listener, Int32(SHUT_RDWR))
        cut()
    }

    private func accept() {
        defer { close(listener) }
        while isRunning.load(ordering: .relaxed) {
            let client = Glibc.accept(listener, nil, nil)
            guard client >= 0 else { return }
            let server = socket(AF_INET, Int32(SOCK_STREAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
            var address = loopback(target)
            let status = unsafe withUnsafePointer(to: &address) { pointer in
                unsafe pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    unsafe connect(server, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
                }
            }
            guard status == 0 else {
                close(client)
                close(server)
                continue
            }
            open.withLock { $0 += [client, server] }
            let left = Atomic2()
            for (from, to) in [(client, server), (server, client)] {
                Thread.detachNewThread { [self] in
                    relay(from, to)
                    guard left.isLast() else { return }
                    open.withLock { $0.removeAll { $0 == client || $0 == server } }
                    close(client)
                    close(server)
                }
            }
        }
    }

    private func relay(_ from: Int32, _ to: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = unsafe recv(from, &buffer, buffer.count, 0)
            guard count > 0, unsafe send(to, buffer, count, Int32(MSG_NOSIGNAL)) == count else { break }
        }
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }

    private final class Atomic2: Sendable {
        private let count = Atomic(2)
        func isLast() -> Bool { count.subtract(1, ordering: .acquiringAndReleasing).newValue == 0 }
    }
}

private func loopback(_ port: UInt16) -> sockaddr_in {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_port = port.bigEndian
    address.sin_addr.s_addr = in_addr_t(INADDR_LOOPBACK).bigEndian
    return address
}
