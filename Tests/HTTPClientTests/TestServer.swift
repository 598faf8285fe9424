import Foundation
import Glibc
import Synchronization

/// A server on a free loopback port that does what a test tells it, one blocking thread a connection.
final class TestServer: Sendable {
    let port: UInt16
    private let listener: LoopbackListener
    private let counts = Mutex((connections: 0, requests: 0, bytesSent: 0))
    private let open = Mutex<Set<Int32>>([])

    /// `serve` is called for each connection; the connection is closed when it returns.
    init(_ serve: @escaping @Sendable (TestConnection) -> Void) throws {
        let listener = try LoopbackListener()
        self.listener = listener
        port = listener.port
        Thread.detachNewThread { [weak self] in
            defer { listener.close() }
            while let descriptor = listener.accept() {
                guard let self else {
                    close(descriptor)
                    return
                }
                self.counts.withLock { $0.connections += 1 }
                _ = self.open.withLock { $0.insert(descriptor) }
                Thread.detachNewThread {
                    serve(TestConnection(descriptor, self))
                    _ = self.open.withLock { $0.remove(descriptor) }
                    close(descriptor)
                }
            }
        }
    }

    /// Stops listening and breaks what is open, so that threads end.
    func stop() {
        listener.stop()
        open.withLock { for descriptor in $0 { shutdown(descriptor, Int32(SHUT_RDWR)) } }
    }

    var connections: Int { counts.withLock { $0.connections } }
    var requests: Int { counts.withLock { $0.requests } }
    var bytesSent: Int { counts.withLock { $0.bytesSent } }
    func url(_ path: String = "/") -> String { "http://127.0.0.1:\(port)\(path)" }

    fileprivate func countRequest() { counts.withLock { $0.requests += 1 } }
    fileprivate func countBytes(_ bytes: Int) { counts.withLock { $0.bytesSent += bytes } }
}

/// A server's end of a connection; used by its thread only.
final class TestConnection {
    let descriptor: Int32
    private let server: TestServer
    private var buffer: [UInt8] = []

    init(_ descriptor: Int32, _ server: TestServer) {
        self.descriptor = descriptor
        self.server = server
    }

    /// Reads more; false at the end.
    private func fill() -> Bool {
        var piece = [UInt8](repeating: 0, count: 65536)
        let count = unsafe recv(descriptor, &piece, piece.count, 0)
        guard count > 0 else { return false }
        buffer.append(contentsOf: piece[..<count])
        return true
    }

    /// Exactly that many bytes; nil at the end.
    func read(_ count: Int) -> [UInt8]? {
        while buffer.count < count { guard fill() else { return nil } }
        defer { buffer.removeFirst(count) }
        return Array(buffer[..<count])
    }

    /// The next request without its body; nil at the end of the connection.
    func head() -> TestRequest? {
        while true {
            if let end = buffer.firstRange(of: Array("\r\n\r\n".utf8)) {
                defer { buffer.removeFirst(end.upperBound) }
                server.countRequest()
                return TestRequest(String(decoding: buffer[..<end.lowerBound], as: UTF8.self))
            }
            guard fill() else { return nil }
        }
    }

    /// The next request with its body; nil at the end of the connection.
    func request() -> TestRequest? {
        guard var request = head() else { return nil }
        if let length = request.field("content-length").flatMap({ Int($0) }) {
            guard let body = read(length) else { return nil }
            request.body = body
        } else if request.field("transfer-encoding") == "chunked" {
            while let size = line().flatMap({ Int($0, radix: 16) }) {
                guard let chunk = read(size), read(2) != nil else { return nil }
                request.body += chunk
                if size == 0 { break }
            }
        }
        return request
    }

    private func line() -> String? {
        while true {
            if let end = buffer.firstRange(of: Array("\r\n".utf8)) {
                defer { buffer.removeFirst(end.upperBound) }
                return String(decoding: buffer[..<end.lowerBound], as: UTF8.self)
            }
            guard fill() else { return nil }
        }
    }

    @discardableResult func send(_ bytes: [UInt8]) -> Bool {
        var sent = 0
        while sent < bytes.count {
            let count = unsafe bytes.withUnsafeBytes {
                let rest = unsafe $0[sent...]
                return unsafe Glibc.send(
                    descriptor, UnsafeRawBufferPointer(rebasing: rest).baseAddress, rest.count,
                    Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { return false }
            sent += count
            server.countBytes(count)
        }
        return true
    }

    @discardableResult func send(_ text: String) -> Bool { send(Array(text.utf8)) }

    @discardableResult func answer(_ status: Int = 200, _ body: String = "ok", fields: String = "") -> Bool {
        send("HTTP/1.1 \(status) X\r\n\(fields)content-length: \(body.utf8.count)\r\n\r\n\(body)")
    }

    /// Waits until the other side is gone.
    func waitForEnd() { while fill() { buffer = [] } }
}

/// A request as it came over the wire.
struct TestRequest {
    let line: String
    let fields: [(name: String, value: String)]
    var body: [UInt8] = []

    init(_ head: String) {
        let lines = head.components(separatedBy: "\r\n")
        line = lines[0]
        fields = lines.dropFirst().map {
            let parts = $0.split(separator: ":", maxSplits: 1)
            return (
                parts[0].lowercased(), parts.count > 1 ? parts[1].trimmingCharacters(in: .whitespaces) : ""
            )
        }
    }

    var path: String { String(line.split(separator: " ")[1]) }
    func field(_ name: String) -> String? { fields.first { $0.name == name }?.value }
}

extension TestConnection {
    /// Connects to a loopback port; nil when nobody listens.
    static func connect(_ port: UInt16) -> Int32? {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = unsafe inet_addr("127.0.0.1")
        address.sin_port = port.bigEndian
        let status = unsafe withUnsafePointer(to: &address) {
            unsafe $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                unsafe Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard status == 0 else {
            close(descriptor)
            return nil
        }
        return descriptor
    }

    /// Passes bytes on in both directions until either side ends.
    func relay(_ target: Int32) {
        defer { close(target) }
        var ends = [
            pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0),
            pollfd(fd: target, events: Int16(POLLIN), revents: 0),
        ]
        var piece = [UInt8](repeating: 0, count: 65536)
        while unsafe poll(&ends, 2, -1) > 0 {
            for (index, end) in ends.enumerated() where end.revents != 0 {
                let count = unsafe recv(end.fd, &piece, piece.count, 0)
                let other = ends[1 - index].fd
                guard count > 0, unsafe Glibc.send(other, piece, count, Int32(MSG_NOSIGNAL)) == count else {
                    return
                }
                if other == descriptor { server.countBytes(count) }
            }
        }
    }
}
