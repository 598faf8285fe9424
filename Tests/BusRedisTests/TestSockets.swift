import Foundation
import Glibc
import Synchronization

/// Listens on loopback and gives each connection to a thread of its own.
final class TestListener: Sendable {
    let port: UInt16
    private let listening: Int32
    private let sockets = Mutex<Set<Int32>>([])
    private let accepted = Mutex(0)

    init(_ serve: @escaping @Sendable (TestListener, Int32) -> Void) {
        port = freePort()
        let fd = newSocket()
        listening = fd
        var on: Int32 = 1
        unsafe setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, 4)
        let status = unsafe withLoopback(port) { unsafe bind(fd, $0, $1) }
        precondition(status == 0 && listen(fd, 64) == 0, "the test cannot listen")
        Thread.detachNewThread { [weak self] in
            while true {
                let connection = accept(fd, nil, nil)
                guard connection >= 0, let self else { return }
                self.accepted.withLock { $0 += 1 }
                self.adopt(connection)
                Thread.detachNewThread { serve(self, connection) }
            }
        }
    }

    deinit { end() }

    /// How many connections there were.
    var connections: Int { accepted.withLock { $0 } }

    func adopt(_ fd: Int32) { sockets.withLock { _ = $0.insert(fd) } }

    /// Closes a socket, once.
    func release(_ fd: Int32) {
        if sockets.withLock({ $0.remove(fd) }) != nil { close(fd) }
    }

    /// Breaks every connection there is.
    func cut() { sockets.withLock { for fd in $0 { shutdown(fd, Int32(SHUT_RDWR)) } } }

    func end() {
        shutdown(listening, Int32(SHUT_RDWR))
        cut()
    }

    /// Leads every connection to a server, until it is cut.
    static func proxy(to port: UInt16) -> TestListener {
        TestListener { listener, near in
            let far = newSocket()
            listener.adopt(far)
            guard unsafe withLoopback(port, { unsafe connect(far, $0, $1) }) == 0 else {
                listener.release(near)
                return listener.release(far)
            }
            Thread.detachNewThread { pump(far, near) }
            pump(near, far)
            listener.release(near)
            listener.release(far)
        }
    }

    private static func pump(_ from: Int32, _ to: Int32) {
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = unsafe recv(from, &buffer, buffer.count, 0)
            guard count > 0 else { break }
            var sent = 0
            while sent < count {
                let step = unsafe buffer.withUnsafeBytes { raw in
                    unsafe send(
                        to, raw.baseAddress.map { unsafe $0 + sent }, count - sent, Int32(MSG_NOSIGNAL))
                }
                guard step > 0 else { break }
                sent += step
            }
        }
        shutdown(from, Int32(SHUT_RDWR))
        shutdown(to, Int32(SHUT_RDWR))
    }

    /// A server that reads what comes first, says something, and leaves; then something else to the next.
    static func talker(_ speeches: [[UInt8]]) -> TestListener {
        TestListener { listener, fd in
            var buffer = [UInt8](repeating: 0, count: 4096)
            _ = unsafe recv(fd, &buffer, buffer.count, 0)
            let speech = speeches[(listener.connections - 1) % speeches.count]
            _ = unsafe send(fd, speech, speech.count, Int32(MSG_NOSIGNAL))
            _ = unsafe recv(fd, &buffer, buffer.count, 0)
            listener.release(fd)
        }
    }
}
