import Base
import Reactor
import Wire

/// What a server answered.
struct Answer: Sendable {
    var status: Int
    var fields: [String: String]
    var body: Bytes

    var text: String { body.repairedText }
    func json() throws -> JSONValue { JSONValue(try JSON.parse(body).root) }
}

/// One connection to a server of a test; sends requests one after the other.
actor TestClient {
    enum Failure: Error { case ended, malformed(String) }

    private let loop: EventLoop
    private let stream: Stream
    private var input: [UInt8] = []

    nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }

    private init(_ loop: EventLoop, _ stream: Stream) {
        self.loop = loop
        self.stream = stream
    }

    static func connect(to address: SocketAddress, on loop: EventLoop) async throws -> TestClient {
        try await Connector(loop).connect(to: address)
    }

    func get(_ path: String, _ fields: String...) async throws -> Answer {
        try await send("GET", path, fields)
    }

    func post(_ path: String, _ body: String) async throws -> Answer {
        try await send("POST", path, ["content-length: \(body.utf8.count)"], body)
    }

    func send(_ method: String, _ path: String, _ fields: [String] = [], _ body: String = "") async throws
        -> Answer
    {
        begin(method, path, fields, body)
        return try await answer(hasBody: method != "HEAD")
    }

    /// Sends a request whose answer is to be taken piece by piece.
    func begin(_ method: String, _ path: String, _ fields: [String] = [], _ body: String = "") {
        let head = (["\(method) \(path) HTTP/1.1", "host: test"] + fields).joined(separator: "\r\n")
        stream.write(Bytes("\(head)\r\n\r\n\(body)"))
        stream.flush()
    }

    func close() { stream.close() }

    private func answer(hasBody: Bool) async throws -> Answer {
        let lines = try await take(until: "\r\n\r\n").split(separator: "\r\n").map(String.init)
        guard let first = lines.first?.split(separator: " "), first.count > 1, let status = Int(first[1])
        else {
            throw Failure.malformed(lines.first ?? "")
        }
        var fields: [String: String] = [:]
        for line in lines.dropFirst() {
            let parts = line.split(separator: ":", maxSplits: 1)
            fields[String(parts[0])] = String(parts[1].drop { $0 == " " })
        }
        var body: [UInt8] = []
        if hasBody, fields["transfer-encoding"] == "chunked" {
            while let size = Int(try await take(until: "\r\n"), radix: 16) {
                body += try await take(size + 2).dropLast(2)
                if size == 0 { break }
            }
        } else if hasBody, status != 204, status != 304 {
            body = try await take(Int(fields["content-length"] ?? "0") ?? 0)
        }
        return Answer(status: status, fields: fields, body: Bytes(body))
    }

    /// What comes before `end`, which is taken too.
    func take(until end: String) async throws -> String {
        var from = 0
        while true {
            if let start = Self.find(Array(end.utf8), in: input, from: from) {
                let text = String(decoding: input[..<start], as: UTF8.self)
                input.removeFirst(start + end.utf8.count)
                return text
            }
            from = max(0, input.count - end.utf8.count)
            try await receive()
        }
    }

    private func take(_ count: Int) async throws -> [UInt8] {
        while input.count < count { try await receive() }
        defer { input.removeFirst(count) }
        return Array(input[..<count])
    }

    private func receive() async throws {
        let arrival = try await stream.receive { part in
            unsafe part.withUnsafeBytes { unsafe input.append(contentsOf: $0) }
        }
        guard case .bytes = arrival else { throw Failure.ended }
    }

    private static func find(_ needle: [UInt8], in bytes: [UInt8], from: Int) -> Int? {
        guard bytes.count >= needle.count + from else { return nil }
        return (from...bytes.count - needle.count).first {
            bytes[$0..<$0 + needle.count].elementsEqual(needle)
        }
    }

    /// Connecting must happen on the loop already.
    private actor Connector {
        private let loop: EventLoop
        nonisolated var unownedExecutor: UnownedSerialExecutor { unsafe loop.asUnownedSerialExecutor() }
        init(_ loop: EventLoop) { self.loop = loop }

        func connect(to address: SocketAddress) async throws -> TestClient {
            TestClient(loop, try await Stream.connect(to: address, on: loop))
        }
    }
}
