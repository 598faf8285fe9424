import Base
import Crypto
import Reactor
import Wire

/// A client of HTTP/1 over a stream of our own, written without the server's parser.
actor HTTP1TestClient: TestClient {
    private enum Framing {
        case none, length(Int), chunked, untilClose
    }

    private let address: SocketAddress
    private let transport: Transport
    private var stream: Reactor.Stream?
    private var buffer: [UInt8] = []
    private var framing = Framing.none
    private var isChunked = false
    /// The methods of the requests whose answers have not come.
    private var methods: [String] = []
    private var trailers: [String: [String]] = [:]

    nonisolated var unownedExecutor: UnownedSerialExecutor {
        unsafe TestLoops.client.asUnownedSerialExecutor()
    }

    init(to address: SocketAddress, _ transport: Transport) throws {
        self.address = address
        self.transport = transport
    }

    func connect() async throws {
        let engine =
            transport == .tls ? try TLSEngine(connecting: TestTLS.shared.client, to: "127.0.0.1") : nil
        let stream = try await Reactor.Stream.connect(to: address, on: TestLoops.client, tls: engine)
        self.stream = stream
        _ = try await stream.handshake { _ in }
    }

    private func connected() throws -> Reactor.Stream {
        guard let stream else { throw ClientFailure("not connected") }
        return stream
    }

    // MARK: Bytes

    func write(_ text: String) async throws { try await write(Bytes(text)) }

    func write(_ bytes: Bytes) async throws {
        let stream = try connected()
        stream.write(bytes)
        stream.flush()
        try await stream.drained()
    }

    /// Sends without waiting for the server to take it.
    func push(_ bytes: Bytes) throws {
        let stream = try connected()
        stream.write(bytes)
        stream.flush()
    }

    func finishWriting() throws { try connected().finishWriting() }

    func expect(_ method: String) { methods.append(method) }

    /// How many bytes are queued for a server that does not read.
    var queued: Int { stream?.queued ?? 0 }

    /// Waits for bytes; false at the end.
    @discardableResult func fill() async throws -> Bool {
        var came: [UInt8] = []
        let stream = try connected()
        stream.setReadDeadline(EventLoop.clock() &+ Patience.nanoseconds)
        let arrival = try await stream.receive { bytes in
            unsafe bytes.withUnsafeBytes { unsafe came.append(contentsOf: $0) }
        }
        buffer += came
        switch arrival {
        case .bytes: return true
        case .end: return false
        case .timedOut: throw ClientFailure("waited in vain for the server")
        }
    }

    /// Everything until the server ends its half; a reset ends it as well.
    func readToEnd() async throws -> String {
        while (try? await fill()) ?? false {}
        defer { buffer = [] }
        return String(decoding: buffer, as: UTF8.self)
    }

    func close() { stream?.close() }

    /// Vanishes.
    func reset() { stream?.reset() }

    // MARK: Requests

    func begin(_ request: ClientRequest) async throws {
        var head = "\(request.method) \(request.target) HTTP/1.1\r\nhost: test\r\n"
        for (name, value) in request.fields { head += "\(name): \(value)\r\n" }
        isChunked = (request.body?.count ?? 0) > 1 || !request.trailers.isEmpty
        if isChunked {
            head += "transfer-encoding: chunked\r\n"
        } else if let body = request.body {
            head += "content-length: \(body.first?.count ?? 0)\r\n"
        }
        methods.append(request.method)
        try await write(head + "\r\n")
    }

    func sendPart(_ part: Bytes) async throws {
        guard isChunked else { return try await write(part) }
        guard !part.isEmpty else { return }
        try await write(Bytes("\(String(part.count, radix: 16))\r\n".utf8 + part.array + "\r\n".utf8))
    }

    func endBody(_ trailers: [(String, String)]) async throws {
        guard isChunked else { return }
        try await write("0\r\n" + trailers.map { "\($0): \($1)\r\n" }.joined() + "\r\n")
    }

    // MARK: Answers

    private func line() async throws -> String {
        while true {
            if let feed = buffer.firstIndex(of: 0x0a) {
                guard feed > 0, buffer[feed - 1] == 0x0d else { throw ClientFailure("a line without CR") }
                defer { buffer.removeFirst(feed + 1) }
                return String(decoding: buffer[..<(feed - 1)], as: UTF8.self)
            }
            guard try await fill() else { throw ClientFailure("the connection ended inside of an answer") }
        }
    }

    private func fieldLines() async throws -> [String: [String]] {
        var fields: [String: [String]] = [:]
        while true {
            let text = try await line()
            if text.isEmpty { return fields }
            guard let colon = text.firstRange(of: ": ") else { throw ClientFailure("no field: \(text)") }
            fields[text[..<colon.lowerBound].lowercased(), default: []].append(
                String(text[colon.upperBound...]))
        }
    }

    func answerHead() async throws -> ClientAnswer {
        while true {
            let status = try await line()
            let words = status.split(separator: " ", maxSplits: 2)
            guard words.count == 3, words[0] == "HTTP/1.1", let code = Int(words[1]) else {
                throw ClientFailure("no status line: \(status.debugDescription)")
            }
            let answer = ClientAnswer(status: code, fields: try await fieldLines())
            if code == 100 { return answer }
            framing = try framing(of: answer)
            return answer
        }
    }

    private func framing(of answer: ClientAnswer) throws -> Framing {
        guard !methods.isEmpty else { throw ClientFailure("an answer to no request") }
        let method = methods.removeFirst()
        trailers = [:]
        if method == "HEAD" || answer.status == 204 || answer.status == 304 || answer.status < 200 {
            return .none
        }
        if answer["transfer-encoding"] == "chunked" {
            guard answer["content-length"] == nil else { throw ClientFailure("two framings") }
            return .chunked
        }
        guard let length = answer["content-length"] else { return .untilClose }
        guard answer.fields["content-length"]?.count == 1, let length = Int(length) else {
            throw ClientFailure("bad content-length")
        }
        return .length(length)
    }

    func answerPart() async throws -> [UInt8]? {
        switch framing {
        case .none, .length(0): return nil
        case .length(let left):
            while buffer.isEmpty {
                guard try await fill() else { throw ClientFailure("the body was cut off") }
            }
            let part = Array(buffer.prefix(left))
            buffer.removeFirst(part.count)
            framing = .length(left - part.count)
            return part
        case .untilClose:
            while buffer.isEmpty {
                if try await !fill() { return nil }
            }
            defer { buffer = [] }
            return buffer
        case .chunked:
            guard let size = Int(try await line(), radix: 16) else { throw ClientFailure("bad chunk size") }
            guard size > 0 else {
                trailers = try await fieldLines()
                framing = .none
                return nil
            }
            while buffer.count < size + 2 {
                guard try await fill() else { throw ClientFailure("the body was cut off") }
            }
            let part = Array(buffer.prefix(size))
            guard buffer[size] == 0x0d, buffer[size + 1] == 0x0a else {
                throw ClientFailure("bad end of chunk")
            }
            buffer.removeFirst(size + 2)
            return part
        }
    }

    func answerTrailers() -> [String: [String]] { trailers }
}
