import Base
import Testing
import Wire

@Suite struct WebSocketMachineTests {
    private let hello = Array("Hello".utf8)

    // MARK: RFC 6455, 5.7

    @Test func `the unmasked Hello of the RFC is read by a client`() {
        let client = WebSocketPeer(.client)
        client.receive([0x81, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(client.events == [.text("Hello")])
    }

    @Test func `the masked Hello of the RFC is read by a server`() {
        let server = WebSocketPeer()
        server.receive([0x81, 0x85, 0x37, 0xFA, 0x21, 0x3D, 0x7F, 0x9F, 0x4D, 0x51, 0x58])
        #expect(server.events == [.text("Hello")])
    }

    @Test func `the fragmented Hello of the RFC is one message`() {
        let client = WebSocketPeer(.client)
        client.receive([0x01, 0x03, 0x48, 0x65, 0x6C, 0x80, 0x02, 0x6C, 0x6F])
        #expect(client.events == [.text("Hello")])
    }

    @Test func `the ping of the RFC is answered with its masked pong`() {
        let client = WebSocketPeer(.client)
        client.receive([0x89, 0x05, 0x48, 0x65, 0x6C, 0x6C, 0x6F])
        #expect(client.events == [.ping("Hello")])
        let server = WebSocketPeer()
        server.receive(client.take())
        #expect(server.events == [.pong("Hello")])
    }

    @Test(arguments: [(256, [0x82, 0x7E, 0x01, 0x00]), (65536, [0x82, 0x7F, 0, 0, 0, 0, 0, 1, 0, 0])])
    func `the lengths of the RFC are written and read`(count: Int, head: [UInt8]) {
        let server = WebSocketPeer()
        let bytes = [UInt8](repeating: 7, count: count)
        #expect(server.binary(Bytes(bytes)))
        #expect(server.output == head + bytes)
        let client = WebSocketPeer(.client)
        client.receive(server.take())
        #expect(client.events == [.binary(Bytes(bytes))])
    }

    // MARK: Pieces

    @Test(arguments: 1...40) func `frames cut anywhere give the same events`(size: Int) {
        let long = [UInt8](repeating: 0x61, count: 300)
        let frames =
            clientFrame(0x81, hello) + clientFrame(0x01, Array("é€".utf8)) + clientFrame(0x89, [1, 2])
            + clientFrame(0x00, Array("😀".utf8)) + clientFrame(0x8A) + clientFrame(0x80, hello)
            + clientFrame(0x82, long) + clientFrame(0x82) + clientFrame(0x88, [0x03, 0xE8] + hello)
        let server = WebSocketPeer()
        server.receive(frames, cutEvery: size)
        #expect(
            server.events == [
                .text("Hello"), .ping([1, 2]), .pong(Bytes()), .text("é€😀Hello"), .binary(Bytes(long)),
                .binary(Bytes()), .closed(.normal, reason: "Hello"),
            ])
        #expect(server.output == [0x8A, 2, 1, 2, 0x88, 2, 0x03, 0xE8])
    }

    @Test(arguments: [0, 1, 125, 126, 127, 128, 65535, 65536, 65537, 131_072])
    func `payloads of every length class come through masked`(count: Int) {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) }
        let server = WebSocketPeer()
        server.receive(clientFrame(0x82, bytes), cutEvery: 1021)
        #expect(server.events == [.binary(Bytes(bytes))])
    }

    // MARK: Broken frames

    @Test(arguments: [
        [0xC1, 0x80], [0xA1, 0x80], [0x91, 0x80], [0xF1, 0x80],  // reserved bits
        [0x83, 0x80], [0x87, 0x80], [0x8B, 0x80], [0x8F, 0x80],  // reserved opcodes
        [0x81, 0x00], [0x89, 0x00],  // not masked
        [0x09, 0x80], [0x0A, 0x80], [0x08, 0x80],  // fragmented control frames
        [0x89, 0xFE], [0x8A, 0xFF], [0x88, 0xFE],  // long control frames
        [0x80, 0x80, 0, 0, 0, 0], [0x00, 0x80, 0, 0, 0, 0],  // continuation of nothing
        [0x01, 0x80, 0, 0, 0, 0, 0x81, 0x80, 0, 0, 0, 0],  // message within a message
        [0x82, 0xFE, 0, 125, 0, 0, 0, 0], [0x82, 0xFF, 0, 0, 0, 0, 0, 0, 0xFF, 0xFF, 0, 0, 0, 0],  // long
        [0x82, 0xFF, 0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0],  // 64 bits
    ])
    func `a broken frame fails with 1002`(bytes: [UInt8]) {
        let server = WebSocketPeer()
        server.receive(bytes + [0xFF, 0xFF])
        guard case .failed(let failure) = server.events.last else {
            Issue.record("no failure in \(server.events)")
            return
        }
        #expect(failure.code == .protocolError)
        #expect(Array(server.output[2..<4]) == serverClose(1002))
        #expect(server.isEnded)
    }

    @Test func `a masked frame from a server fails`() {
        let client = WebSocketPeer(.client)
        client.receive([0x81, 0x80, 0, 0, 0, 0])
        #expect(client.events == [.failed(WebSocketFailure(code: .protocolError, reason: "frame masked"))])
    }

    @Test func `after a failure nothing is read and nothing sent`() {
        let server = WebSocketPeer()
        server.receive([0x83, 0x80] + clientFrame(0x81, hello))
        let output = server.output
        server.receive(clientFrame(0x89, hello))
        #expect(server.text("x") == false)
        #expect(server.ping() == false)
        #expect(server.frame(of: PreparedMessage(text: "x")) == nil)
        server.close(.normal)
        #expect(server.events.count == 1)
        #expect(server.output == output)
    }

    // MARK: Size

    @Test func `a frame over the limit fails with 1009 before its payload is there`() {
        let server = WebSocketPeer(messageBytesMax: 1000)
        server.receive([0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0])
        #expect(
            server.events == [.failed(WebSocketFailure(code: .tooLarge, reason: "message over 1000 bytes"))])
    }

    @Test func `fragments over the limit together fail with 1009`() {
        let server = WebSocketPeer(messageBytesMax: 1000)
        server.receive(clientFrame(0x02, [UInt8](repeating: 0, count: 600)))
        server.receive(clientFrame(0x00, [UInt8](repeating: 0, count: 401)))
        #expect(
            server.events == [.failed(WebSocketFailure(code: .tooLarge, reason: "message over 1000 bytes"))])
    }

    @Test func `a message of exactly the limit is read`() {
        let server = WebSocketPeer(messageBytesMax: 1000)
        server.receive(clientFrame(0x02, [UInt8](repeating: 0, count: 600)))
        server.receive(clientFrame(0x80, [UInt8](repeating: 0, count: 400)))
        #expect(server.events == [.binary(Bytes([UInt8](repeating: 0, count: 1000)))])
    }

    @Test func `an idle machine is small`() {
        #expect(MemoryLayout<WebSocketMachine>.size <= 128)
    }
}
