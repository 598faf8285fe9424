import Base
import HTTPServer
import Wire

/// The machine and a client with nothing but memory between them.
final class HTTP2Link {
    let server: HTTP2Machine
    let client: HTTP2TestClient
    /// Everything that the machine told, in order.
    private(set) var events: [HTTP2Event] = []
    var now: UInt64 = 1

    init(limits: HTTP2Limits = HTTP2Limits(), client: HTTP2TestClient = HTTP2TestClient()) {
        server = HTTP2Machine(limits: limits)
        self.client = client
    }

    /// Carries what there is both ways until both are silent; the client's bytes whole, or in pieces of a size.
    func exchange(piece: Int = .max) {
        while true {
            let out = client.takeOutput()
            var start = 0
            while start < out.count {
                let end = start + min(piece, out.count - start)
                server.receive(Bytes(out[start..<end]), at: now)
                start = end
            }
            var back: [UInt8] = []
            server.takeOutput(appendingTo: &back)
            events += server.takeEvents()
            if !back.isEmpty { _ = client.receive(back) }
            if out.isEmpty, back.isEmpty { return }
        }
    }

    static let get: HeaderFields = [
        ":method": "GET", ":scheme": "https", ":authority": "a.test", ":path": "/x?y=1",
    ]
    static let post: HeaderFields = [
        ":method": "POST", ":scheme": "https", ":authority": "a.test", ":path": "/up",
    ]

    /// The bytes of a request's body that the machine has told of.
    func body(_ id: HTTP2StreamID) -> [UInt8] {
        var bytes: [UInt8] = []
        for case .data(id, let part) in events { bytes += part }
        return bytes
    }

    var requests: [HTTP2RequestHead] {
        events.compactMap { if case .request(_, let head) = $0 { head } else { nil } }
    }
}

/// Frames made by hand, for what no well-behaved client sends.
struct RawHTTP2 {
    let machine: HTTP2Machine
    var now: UInt64 = 1

    /// A machine that has got the preface and the client's settings.
    init(limits: HTTP2Limits = HTTP2Limits()) {
        machine = HTTP2Machine(limits: limits)
        machine.receive(HTTP2Machine.preface, at: now)
        send(4, 0, 0, [])
    }

    func send(_ type: UInt8, _ flags: UInt8, _ stream: Int32, _ payload: [UInt8]) {
        machine.receive(Bytes(Self.frame(type, flags, stream, payload)), at: now)
    }

    static func frame(_ type: UInt8, _ flags: UInt8, _ stream: Int32, _ payload: [UInt8]) -> [UInt8] {
        let (length, id) = (UInt32(payload.count), UInt32(bitPattern: stream))
        return [UInt8(length >> 16), UInt8(length >> 8 & 255), UInt8(length & 255), type, flags]
            + [24, 16, 8, 0].map { UInt8(truncatingIfNeeded: id >> $0) } + payload
    }

    /// Fields as literals without indexing and without Huffman codes.
    static func pack(_ fields: [(String, String)]) -> [UInt8] {
        fields.flatMap { name, value in [0] + text(name) + text(value) }
    }

    private static func text(_ text: String) -> [UInt8] {
        let bytes = Array(text.utf8)
        guard bytes.count >= 127 else { return [UInt8(bytes.count)] + bytes }
        var (length, rest) = ([UInt8(127)], bytes.count - 127)
        while rest >= 128 {
            length.append(UInt8(rest & 127 | 128))
            rest >>= 7
        }
        return length + [UInt8(rest)] + bytes
    }

    static let get = [(":method", "GET"), (":scheme", "https"), (":authority", "a.test"), (":path", "/")]

    /// A request of one HEADERS frame.
    func request(_ stream: Int32, _ fields: [(String, String)] = RawHTTP2.get, ends: Bool = true) {
        send(1, ends ? 5 : 4, stream, Self.pack(fields))
    }

    /// The output, cut into frames.
    func output() -> [(type: UInt8, stream: Int32, payload: [UInt8])] {
        var bytes: [UInt8] = []
        machine.takeOutput(appendingTo: &bytes)
        var frames: [(type: UInt8, stream: Int32, payload: [UInt8])] = []
        var rest = bytes[...]
        while rest.count >= 9 {
            let head = Array(rest.prefix(9))
            let length = Int(head[0]) << 16 | Int(head[1]) << 8 | Int(head[2])
            let stream = head[5...].reduce(0 as Int32) { $0 << 8 | Int32($1) }
            frames.append((head[3], stream, Array(rest.dropFirst(9).prefix(length))))
            rest = rest.dropFirst(9 + length)
        }
        return frames
    }

    /// The code of a frame that is a GOAWAY or RST_STREAM.
    static func code(_ payload: [UInt8]) -> HTTP2ErrorCode {
        HTTP2ErrorCode(rawValue: payload.prefix(8).suffix(4).reduce(0) { $0 << 8 | UInt32($1) })
    }

    /// With what the machine ended the connection; nil while it goes on.
    func ending() -> HTTP2ErrorCode? {
        let goaway = output().last { $0.type == 7 }.map { Self.code($0.payload) }
        return machine.isFinished ? goaway : nil
    }

    /// The codes with which streams were reset.
    func resets() -> [Int32: HTTP2ErrorCode] {
        let resets = output().filter { $0.type == 3 }.map { ($0.stream, Self.code($0.payload)) }
        return Dictionary(resets) { $1 }
    }
}
