import Base
import Testing
import Wire

@Suite struct WebSocketHandshakeTests {
    private static let key = "dGhlIHNhbXBsZSBub25jZQ=="
    private let answered = "permessage-deflate; server_no_context_takeover; client_no_context_takeover"

    private func request(_ changes: [String: String?] = [:]) -> HeaderFields {
        var fields = [
            "upgrade": "websocket", "connection": "keep-alive, Upgrade", "sec-websocket-version": "13",
            "sec-websocket-key": Self.key,
        ]
        for (name, value) in changes { fields[name] = value }
        var result = HeaderFields()
        for (name, value) in fields { result.append(name, value) }
        return result
    }

    @Test func `the handshake of the RFC is accepted`() throws {
        let agreement = try WebSocketHandshake.check(request())
        #expect(agreement.key == Bytes(Self.key))
        let digest: Bytes = [
            0xB3, 0x7A, 0x4F, 0x2C, 0xC0, 0x62, 0x4F, 0x16, 0x90, 0xF6, 0x46, 0x06, 0xCF, 0x38, 0x59, 0x45,
            0xB2,
            0xBE, 0xC4, 0xEA,
        ]
        let accept = WebSocketHandshake.acceptKey(for: Bytes(Self.key)) { input in
            #expect(input == Bytes(Self.key + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
            return digest
        }
        #expect(accept == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
        #expect(
            WebSocketHandshake.answer(agreement, accept: accept) == [
                "upgrade": "websocket", "connection": "Upgrade", "sec-websocket-accept": accept,
            ])
    }

    @Test(arguments: ["upgrade", "connection"]) func `without an upgrade it is 426 and names it`(name: String)
    {
        #expect {
            try WebSocketHandshake.check(request([name: nil]))
        } throws: {
            guard let refusal = $0 as? WebSocketRefusal else { return false }
            return refusal.status == 426 && refusal.fields["upgrade"] == "websocket"
        }
    }

    @Test(arguments: [nil, "8", "12", "14", "13, 13", ""]) func `another version is 426 and names ours`(
        version: String?
    ) {
        #expect {
            try WebSocketHandshake.check(request(["sec-websocket-version": version]))
        } throws: {
            guard let refusal = $0 as? WebSocketRefusal else { return false }
            return refusal.status == 426 && refusal.fields["sec-websocket-version"] == "13"
        }
    }

    @Test(arguments: [
        nil, "", "AAAA", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZWE=", "!GhlIHNhbXBsZSBub25jZQ==",
    ])
    func `a key that is not 16 bytes is 400`(key: String?) {
        #expect {
            try WebSocketHandshake.check(request(["sec-websocket-key": key]))
        } throws: {
            ($0 as? WebSocketRefusal)?.status == 400
        }
    }

    @Test func `over HTTP 2 there is neither key nor upgrade`() throws {
        let agreement = try WebSocketHandshake.check(["sec-websocket-version": "13"], isHTTP2: true)
        #expect(agreement.key == nil)
        #expect(WebSocketHandshake.answer(agreement, accept: nil) == [:])
    }

    @Test(arguments: [
        "permessage-deflate", "permessage-deflate; client_max_window_bits",
        "permessage-deflate;client_max_window_bits=\"10\"", "x-webkit-deflate-frame, permessage-deflate",
        "permessage-deflate; server_max_window_bits=10, permessage-deflate",
        "permessage-deflate; unknown=1, permessage-deflate ; server_no_context_takeover",
        "PerMessage-Deflate; client_no_context_takeover",
    ])
    func `an acceptable offer of compression is accepted`(offer: String) throws {
        let agreement = try WebSocketHandshake.check(request(["sec-websocket-extensions": offer]))
        #expect(agreement.extensions == answered)
        #expect(agreement.isCompressed)
    }

    @Test func `a demanded full window is confirmed`() throws {
        let offer = "permessage-deflate; server_max_window_bits=15"
        let agreement = try WebSocketHandshake.check(request(["sec-websocket-extensions": offer]))
        #expect(agreement.extensions == answered + "; server_max_window_bits=15")
    }

    @Test(arguments: [
        "x-webkit-deflate-frame", "permessage-deflate; server_max_window_bits=8",
        "permessage-deflate; server_max_window_bits", "permessage-deflate; client_max_window_bits=16",
        "permessage-deflate; client_max_window_bits=08", "permessage-deflate; server_no_context_takeover=1",
        "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
    ])
    func `an offer that cannot be met is declined`(offer: String) throws {
        let agreement = try WebSocketHandshake.check(request(["sec-websocket-extensions": offer]))
        #expect(agreement.extensions == nil)
        #expect(!agreement.isCompressed)
    }

    @Test(arguments: [
        "", ",", "permessage-deflate;", "a; b=", "a; b=\"c d\"", "a; b=\"c", "a b", "a;;b", "a; =b", "a,",
        "\u{7F}",
        String(repeating: "a,", count: 30) + "a",
    ])
    func `a malformed list of extensions is 400`(value: String) {
        #expect {
            try WebSocketHandshake.check(request(["sec-websocket-extensions": value]))
        } throws: {
            ($0 as? WebSocketRefusal)?.status == 400
        }
    }

    @Test func `without compression here nothing is negotiated`() throws {
        let fields = request(["sec-websocket-extensions": "permessage-deflate"])
        #expect(try !WebSocketHandshake.check(fields, compression: false).isCompressed)
    }

    @Test(arguments: [("a, b", "b"), ("b,a", "b"), ("c, a", "a"), ("c", nil), ("B", nil)])
    func `the client's first subprotocol that we speak is chosen`(offer: String, chosen: String?) throws {
        let fields = request(["sec-websocket-protocol": offer])
        let expected = offer.hasPrefix("a") ? "a" : chosen
        #expect(try WebSocketHandshake.check(fields, protocols: ["a", "b"]).subprotocol == expected)
    }

    @Test func `what a client asks a server grants and the client takes`() throws {
        let fields = WebSocketHandshake.request(key: Self.key, protocols: ["x", "y"])
        let agreement = try WebSocketHandshake.check(fields, protocols: ["y"])
        let answer = WebSocketHandshake.answer(agreement, accept: "A")
        #expect(answer["sec-websocket-protocol"] == "y")
        #expect(try WebSocketHandshake.checkAnswer(answer, accept: "A"))
        #expect(throws: WebSocketRefusal.self) { try WebSocketHandshake.checkAnswer(answer, accept: "B") }
        #expect(throws: WebSocketRefusal.self) {
            try WebSocketHandshake.checkAnswer(answer, accept: "A", compression: false)
        }
    }

    @Test(arguments: [
        "permessage-deflate", "x",
        "permessage-deflate; client_max_window_bits=10; server_no_context_takeover",
    ])
    func `a client refuses what it did not offer`(extensions: String) {
        let answer: HeaderFields = [
            "upgrade": "websocket", "connection": "upgrade", "sec-websocket-accept": "A",
            "sec-websocket-extensions": extensions,
        ]
        #expect(throws: WebSocketRefusal.self) { try WebSocketHandshake.checkAnswer(answer, accept: "A") }
    }
}
