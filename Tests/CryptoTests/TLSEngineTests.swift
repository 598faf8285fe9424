import Base
import Crypto
import Testing

@Suite struct TLSEngineTests {
    @Test(arguments: [TLSVersion.tls12, .tls13])
    func `a handshake ends with the version that both speak`(version: TLSVersion) throws {
        let pair = try TLSPair(.test(only: version), .test(), host: "example.test")
        try pair.exchange()
        #expect(pair.server.isEstablished && pair.client.isEstablished)
        #expect(pair.server.version == version && pair.client.version == version)
        #expect(pair.server.cipher?.contains("GCM") == true)
        #expect(pair.server.serverName == "example.test")
        #expect(pair.client.peerCertificate?.hostNames == ["example.test", "www.example.test"])
    }

    @Test(arguments: [TLSVersion.tls12, .tls13])
    func `text goes both ways when every byte arrives alone`(version: TLSVersion) throws {
        let pair = try TLSPair(.test(only: version), .test(), host: "example.test")
        try pair.exchange(piece: 1)
        #expect(try pair.send("hello", from: pair.client, to: pair.server, piece: 1) == "hello")
        #expect(try pair.send("and back", from: pair.server, to: pair.client, piece: 1) == "and back")
    }

    @Test func `a megabyte goes both ways in order`() throws {
        let pair = try TLSPair(.test(), .test(), host: "example.test")
        try pair.exchange()
        let data = (0..<1 << 20).map { UInt8(truncatingIfNeeded: $0 &* 31 &+ $0 >> 8) }
        try pair.client.write(Bytes(data))
        try pair.server.write(Bytes(data))
        try pair.exchange(piece: 10_007)
        #expect(try TLSPair.readAll(pair.server).bytes == data)
        #expect(try TLSPair.readAll(pair.client).bytes == data)
        #expect(pair.server.unreadCount == 0)
    }

    @Test func `the server's first ALPN name that the client offers is chosen`() throws {
        let pair = try TLSPair(
            .test(protocols: ["h2", "http/1.1"]), .test(protocols: ["http/1.1", "h2"]), host: "example.test")
        try pair.exchange()
        #expect(pair.server.negotiatedProtocol == "h2")
        #expect(pair.client.negotiatedProtocol == "h2")
    }

    @Test func `a client without ALPN is served and one with strange names is refused`() throws {
        let context = try TLSContext(server: .test(protocols: ["h2"]))
        let plain = try TLSPair(context, TLSContext(client: .test()))
        try plain.exchange()
        #expect(plain.server.isEstablished && plain.server.negotiatedProtocol == nil)
        let strange = try TLSPair(context, TLSContext(client: .test(protocols: ["imap"])))
        #expect(code { try strange.exchange() } == .protocolViolation)
    }

    @Test(arguments: [
        ("example.test", "CN=example,O=Test"), ("EXACT.wild.test", "CN=exact,O=Test"),
        ("other.wild.test", "CN=wild,O=Test"), ("nobody.test", "CN=example,O=Test"),
        ("a.b.wild.test", "CN=example,O=Test"),
    ])
    func `the certificate follows the name that the client asks for`(host: String, subject: String) throws {
        let server = try TLSContext(server: .test("example", "wild", "exact"))
        let pair = try TLSPair(server, TLSContext(client: TLSClientSettings(trust: .anyone)), host: host)
        try pair.exchange()
        #expect(pair.client.peerCertificate?.subject == subject)
    }

    @Test func `a server with an RSA and an EC key for one name serves a client that wants either`() throws {
        let pair = try TLSPair(.test("rsa", "second", only: .tls12), .test(), host: "example.test")
        try pair.exchange()
        #expect(pair.client.isEstablished)
    }

    @Test func `a certificate for another host is not trusted`() throws {
        let pair = try TLSPair(.test(), .test(), host: "evil.test")
        #expect(code { try pair.exchange() } == .untrusted)
    }

    @Test func `a certificate of an unknown authority is not trusted and the server is told`() throws {
        let settings = TLSClientSettings(
            trust: .authorities(.file(TestCertificates.shared.path("other-ca.pem"))))
        let pair = try TLSPair(.test(), settings, host: "example.test")
        #expect(code { try pair.exchange() } == .untrusted)
        let alert = pair.client.takeOutput()
        #expect(
            code {
                try pair.server.receive(Bytes(alert))
                _ = try TLSPair.readAll(pair.server)
            } == .alert)
    }

    @Test func `an address is checked against the certificate's addresses`() throws {
        let good = try TLSPair(.test("address"), .test(), host: "127.0.0.1")
        try good.exchange()
        #expect(good.client.peerCertificate?.addresses == ["127.0.0.1"])
        #expect(good.server.serverName == nil)
        let bad = try TLSPair(.test("address"), .test(), host: "127.0.0.2")
        #expect(code { try bad.exchange() } == .untrusted)
    }

    @Test func `close_notify is a clean end and the other way stays open`() throws {
        let pair = try TLSPair(.test(), .test(), host: "example.test")
        try pair.exchange()
        try pair.client.write("last")
        pair.client.shutdown()
        try pair.exchange()
        try pair.server.receiveEnd()
        let read = try TLSPair.readAll(pair.server)
        #expect(read.bytes == Array("last".utf8) && read.end == .closed)
        try pair.server.write("answer")
        try pair.exchange()
        #expect(try TLSPair.readAll(pair.client).bytes == Array("answer".utf8))
        #expect(code { try pair.client.write([1]) } == .state)
    }

    @Test func `an end without close_notify is a truncation`() throws {
        let pair = try TLSPair(.test(), .test(), host: "example.test")
        try pair.exchange()
        try pair.client.write("cut")
        try pair.exchange()
        try pair.server.receiveEnd()
        let read = try TLSPair.readAll(pair.server)
        #expect(read.bytes == Array("cut".utf8) && read.end == .truncated)
    }

    @Test func `an end within the handshake is a truncation`() throws {
        let server = try TLSEngine(accepting: TLSContext(server: .test()))
        #expect(code { try server.receiveEnd() } == .truncated)
    }

    @Test(arguments: [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", TLSError.Code.plainHTTP),
        ("\u{0}\u{1}\u{2}\u{3}\u{4}\u{5}\u{6}\u{7}\u{8}", .protocolViolation),
    ])
    func `what is not TLS is refused`(text: String, expected: TLSError.Code) throws {
        let server = try TLSEngine(accepting: TLSContext(server: .test()))
        #expect(code { try server.receive(Bytes(text)) } == expected)
        #expect(code { try server.receive([22]) } == .state)
    }

    @Test func `a record that was tampered with is refused`() throws {
        let pair = try TLSPair(.test(), .test(), host: "example.test")
        try pair.exchange()
        try pair.client.write("secret")
        var record = pair.client.takeOutput()
        record[record.count - 1] ^= 1
        try pair.server.receive(Bytes(record))
        #expect(code { _ = try TLSPair.readAll(pair.server) } == .protocolViolation)
    }

    @Test func `nothing is written before the handshake`() throws {
        let pair = try TLSPair(.test(), .test(), host: "example.test")
        #expect(code { try pair.client.write([1]) } == .state)
    }

    @Test func `a client of TLS 1.1 is refused`() throws {
        // A ClientHello of TLS 1.1 with one old cipher suite, written by hand.
        let random = [UInt8](repeating: 7, count: 32)
        let body: [UInt8] = [3, 2] + random + [0, 0, 2, 0x00, 0x2F, 1, 0]
        let hello: [UInt8] = [22, 3, 1, 0, UInt8(body.count + 4), 1, 0, 0, UInt8(body.count)] + body
        let server = try TLSEngine(accepting: TLSContext(server: .test()))
        #expect(code { try server.receive(Bytes(hello)) } == .protocolViolation)
    }

    @Test func `a handshake with broken bytes fails and nothing worse`() throws {
        var random = SeededRandom(seed: 11)
        let server = try TLSContext(server: .test(protocols: ["h2"]))
        let client = try TLSContext(client: .test(protocols: ["h2"]))
        for _ in 0..<200 {
            let pair = try TLSPair(server, client)
            var hello = pair.client.takeOutput()
            for _ in 0..<Int.random(in: 1...4, using: &random) {
                hello[Int.random(in: 5..<hello.count, using: &random)] ^= UInt8.random(
                    in: 1...255, using: &random)
            }
            let failure = code {
                try pair.server.receive(Bytes(hello))
                try pair.exchange()
            }
            // Where the change was of no consequence to the server, the client's hash of it differs all the same.
            #expect(failure != nil || !pair.server.isEstablished)
        }
    }
}

/// The same numbers in every run.
private struct SeededRandom: RandomNumberGenerator {
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
