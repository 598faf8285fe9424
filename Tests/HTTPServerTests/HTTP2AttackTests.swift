import Base
import HTTPServer
import Testing
import Wire

/// What no well-behaved peer does.
@Suite struct HTTP2AttackTests {
    @Test func `what is not HTTP 2 ends the connection`() {
        let machine = HTTP2Machine()
        machine.receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n", at: 1)
        #expect(machine.isFinished && machine.hasOutput)
        #expect(machine.takeEvents() == [.failed(.protocolError, reason: "the peer does not speak HTTP/2")])
    }

    @Test func `random bytes behind the preface never do worse than end the connection`() {
        var random = SeededRandom(seed: 7)
        for _ in 0..<300 {
            let raw = RawHTTP2()
            for _ in 0..<20 {
                let payload = (0..<Int.random(in: 0...40, using: &random)).map { _ in
                    UInt8.random(in: 0...255, using: &random)
                }
                raw.send(
                    UInt8.random(in: 0...11, using: &random), UInt8.random(in: 0...255, using: &random),
                    Int32.random(in: 0...5, using: &random), payload)
            }
            _ = raw.output()
        }
    }

    @Test func `rapid resets are answered with calm`() {
        let raw = RawHTTP2()
        for number in 0..<550 as Range<Int32> {
            raw.request(number * 2 + 1)
            raw.send(3, 0, number * 2 + 1, [0, 0, 0, 8])
        }
        #expect(raw.ending() == .enhanceYourCalm)
    }

    @Test func `resets at a leisurely pace are fine`() {
        var raw = RawHTTP2()
        for number in 0..<3000 as Range<Int32> {
            raw.now += 12_000_000
            raw.request(number * 2 + 1)
            raw.send(3, 0, number * 2 + 1, [0, 0, 0, 8])
            _ = raw.output()
        }
        #expect(!raw.machine.isFinished)
    }

    @Test func `a peer that makes us reset its streams is told to calm down too`() {
        let raw = RawHTTP2()
        var ending: HTTP2ErrorCode?
        for number in 0..<600 as Range<Int32> where ending == nil {
            // A body longer than it was said to be is an error that the server must answer with a reset.
            raw.request(number * 2 + 1, RawHTTP2.get + [("content-length", "1")], ends: false)
            raw.send(0, 0, number * 2 + 1, [1, 2])
            ending = raw.ending()
        }
        #expect(ending == .enhanceYourCalm)
    }

    @Test func `resets of our own do not count against the peer`() {
        let raw = RawHTTP2()
        for number in 0..<1000 as Range<Int32> {
            raw.request(number * 2 + 1)
            raw.machine.reset(number * 2 + 1, .internalError)
            _ = raw.output()
        }
        #expect(!raw.machine.isFinished)
    }

    @Test(arguments: [
        (UInt8(4), Int32(0), [UInt8]()), (6, 0, [UInt8](repeating: 1, count: 8)), (2, 3, [0, 0, 0, 0, 16]),
        (0x10, 0, [0, 0, 0, 1, 65]), (0x77, 0, [1, 2, 3]), (8, 0, [0, 0, 0, 1]),
        (7, 0, [0, 0, 0, 0, 0, 0, 0, 0]),
    ])
    func `a flood of frames without content is answered with calm`(
        type: UInt8, stream: Int32, payload: [UInt8]
    ) {
        let raw = RawHTTP2()
        for _ in 0..<700 {
            raw.send(type, 0, stream, payload)
            // Reading keeps what nghttp2 queues short, as a driver does.
            if raw.machine.isFinished { break }
        }
        #expect(raw.ending() == .enhanceYourCalm)
    }

    @Test func `a flood of empty DATA frames is answered with calm`() {
        let raw = RawHTTP2()
        raw.request(1, ends: false)
        for _ in 0..<600 { raw.send(0, 0, 1, []) }
        #expect(raw.ending() == .enhanceYourCalm)
    }

    @Test func `a CONTINUATION flood is answered with calm`() {
        let raw = RawHTTP2()
        raw.send(1, 1, 1, RawHTTP2.pack(RawHTTP2.get))
        for _ in 0..<20 { raw.send(9, 0, 1, RawHTTP2.pack([("x", "y")])) }
        #expect(raw.ending() == .enhanceYourCalm)
    }

    @Test func `a few CONTINUATION frames are a request`() {
        let raw = RawHTTP2()
        raw.send(1, 1, 1, RawHTTP2.pack(RawHTTP2.get))
        raw.send(9, 0, 1, RawHTTP2.pack([("a", "1")]))
        raw.send(9, 4, 1, RawHTTP2.pack([("b", "2")]))
        guard case .request(1, let head) = raw.machine.takeEvents().first else { return #expect(Bool(false)) }
        #expect(head.fields == ["a": "1", "b": "2", "host": "a.test"])
    }

    @Test func `fields beyond the limits are refused with 431 and the connection goes on`() {
        let raw = RawHTTP2()
        raw.request(1, RawHTTP2.get + (0..<130).map { ("x-\($0)", "y") })
        raw.request(3, RawHTTP2.get + [("a", String(repeating: "a", count: 12_000))])
        #expect(raw.machine.takeEvents().first == .refused(1, status: 431))
        raw.send(1, 1, 5, RawHTTP2.pack(RawHTTP2.get + [("a", String(repeating: "a", count: 16_300))]))
        raw.send(9, 0, 5, RawHTTP2.pack([("b", String(repeating: "b", count: 16_300))]))
        raw.send(9, 4, 5, RawHTTP2.pack([("c", "d")]))
        #expect(raw.machine.takeEvents() == [.refused(5, status: 431)])
        raw.machine.respond(5, status: 431, fields: [:], ends: true)
        #expect(raw.output().contains { $0.type == 1 && $0.stream == 5 })
        #expect(!raw.machine.isFinished)
    }

    @Test func `a path beyond the limit is refused with 414`() {
        let raw = RawHTTP2()
        var fields = RawHTTP2.get
        fields[3].1 = "/" + String(repeating: "p", count: 9000)
        raw.request(1, fields)
        #expect(raw.machine.takeEvents() == [.refused(1, status: 414)])
    }

    @Test func `packed fields that grow without end are cut off`() {
        let raw = RawHTTP2()
        // One field goes into the table; each further byte brings all of it back.
        let big = [0x40] + RawHTTP2.pack([("a", String(repeating: "a", count: 4000))]).dropFirst()
        let block = RawHTTP2.pack(RawHTTP2.get) + big + [UInt8](repeating: 0x80 | 62, count: 10_000)
        raw.send(1, 5, 1, block)
        #expect(raw.ending() == .enhanceYourCalm)
    }

    @Test(arguments: [
        [(":method", "GET"), (":scheme", "https"), (":path", "/")],
        [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "a"), ("host", "b")],
        [(":method", "GET"), (":scheme", "https"), (":path", "/"), (":authority", "u:p@a")],
        [(":method", "GET"), (":scheme", "ftp"), (":path", "/"), (":authority", "a")],
        [(":method", "GET"), (":scheme", "https"), (":authority", "a")],
        [(":method", "GET"), (":scheme", "https"), (":path", "x"), (":authority", "a")],
        [(":method", "GET"), (":scheme", "https"), (":path", ""), (":authority", "a")],
        [(":scheme", "https"), (":path", "/"), (":authority", "a")],
        RawHTTP2.get + [("connection", "close")], RawHTTP2.get + [("transfer-encoding", "chunked")],
        RawHTTP2.get + [("Upper", "case")], RawHTTP2.get + [("te", "gzip")],
        RawHTTP2.get + [("a", "b\r\nc: d")],
        RawHTTP2.get + [("a", "b\u{0}c")], RawHTTP2.get + [("", "empty name")], RawHTTP2.get + [("a b", "c")],
        RawHTTP2.get + [(":path", "/again")], RawHTTP2.get + [(":unknown", "x")],
        [("a", "b")] + RawHTTP2.get, RawHTTP2.get + [("content-length", "5")],
    ])
    func `a malformed request is reset and no handler sees it`(fields: [(String, String)]) {
        let raw = RawHTTP2()
        raw.request(1, fields)
        #expect(raw.machine.takeEvents().isEmpty)
        #expect(raw.resets()[1] == .protocolError)
        #expect(!raw.machine.isFinished && raw.machine.streamCount == 0)
    }

    @Test func `a body of another length than it said is reset`() {
        let raw = RawHTTP2()
        raw.request(1, RawHTTP2.get + [("content-length", "5")], ends: false)
        raw.send(0, 1, 1, [1, 2, 3])
        #expect(raw.resets()[1] == .protocolError)
        #expect(raw.machine.takeEvents().contains(.closed(1, .protocolError)))
    }

    @Test func `a stream beyond the limit is refused`() {
        var limits = HTTP2Limits()
        limits.streamsMax = 2
        let raw = RawHTTP2(limits: limits)
        for stream in [1, 3, 5] as [Int32] { raw.request(stream) }
        #expect(raw.resets() == [5: .refusedStream])
        #expect(raw.machine.streamCount == 2)
    }

    @Test(arguments: [
        (UInt8(0), UInt8(0), Int32(0), [UInt8](repeating: 0, count: 4), HTTP2ErrorCode.protocolError),
        (6, 0, 0, [1, 2, 3], .frameSizeError), (1, 4, 2, RawHTTP2.pack(RawHTTP2.get), .protocolError),
        (1, 4, 1, [0xff, 0xff, 0xff, 0xff, 0xff], .compressionError),
        (5, 4, 1, [0, 0, 0, 2], .protocolError), (9, 4, 1, [], .protocolError),
        (8, 0, 0, [0x7f, 0xff, 0xff, 0xff], .flowControlError),
        (4, 0, 0, [0, 2, 0, 0, 0, 9], .protocolError),
    ])
    func `a broken frame ends the connection with its code`(
        type: UInt8, flags: UInt8, stream: Int32, payload: [UInt8], expected: HTTP2ErrorCode
    ) {
        let raw = RawHTTP2()
        raw.send(type, flags, stream, payload)
        #expect(raw.ending() == expected)
        guard case .failed(expected, _) = raw.machine.takeEvents().last else { return #expect(Bool(false)) }
    }

    @Test func `a frame longer than was allowed ends the connection`() {
        let raw = RawHTTP2()
        raw.request(1, ends: false)
        raw.send(0, 0, 1, [UInt8](repeating: 0, count: 16_385))
        #expect(raw.ending() == .frameSizeError)
    }

    @Test func `a body beyond the window ends the connection or the stream`() {
        var limits = HTTP2Limits()
        limits.streamWindow = 10
        let raw = RawHTTP2(limits: limits)
        _ = raw.output()
        raw.send(4, 1, 0, [])
        raw.request(1, ends: false)
        raw.send(0, 0, 1, [UInt8](repeating: 0, count: 11))
        let frames = raw.output()
        #expect(
            frames.contains { [3, 7].contains($0.type) && RawHTTP2.code($0.payload) == .flowControlError })
    }

    @Test func `a client that measures the bandwidth by pings while it reads is left alone`() {
        let link = HTTP2Link()
        let id = link.client.request(HTTP2Link.get)
        link.exchange()
        link.server.respond(id, status: 200, fields: [:], ends: false)
        for _ in 0..<3000 {
            link.server.write(id, Bytes([UInt8](repeating: 1, count: 2000)))
            link.client.ping()
            link.exchange()
        }
        #expect(!link.server.isFinished)
        #expect(link.client.answers[id]?.body.count == 6_000_000)
    }
}

/// The same numbers in every run.
struct SeededRandom: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }

    mutating func next() -> UInt64 {
        // SplitMix64.
        state &+= 0x9e37_79b9_7f4a_7c15
        var mixed = state
        mixed = (mixed ^ mixed >> 30) &* 0xbf58_476d_1ce4_e5b9
        mixed = (mixed ^ mixed >> 27) &* 0x94d0_49bb_1331_11eb
        return mixed ^ mixed >> 31
    }
}
