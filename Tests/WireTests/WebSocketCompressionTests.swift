import Base
import Testing
import Wire

@Suite struct WebSocketCompressionTests {
    private let long = Bytes(String(repeating: "update ", count: 100))

    /// A compressed payload as permessage-deflate wants it.
    private func packed(_ bytes: [UInt8], isFinal: Bool = false) throws -> [UInt8] {
        var deflater = try Deflater(format: .raw)
        var output: [UInt8] = []
        unsafe deflater.deflate(bytes.span.bytes, onto: &output, flush: isFinal ? .finish : .sync)
        return isFinal ? output + [0] : output.dropLast(4)
    }

    // RFC 7692, 7.2.3
    @Test(
        arguments: [
            [0xC1, 0x07, 0xF2, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00],
            [0x41, 0x03, 0xF2, 0x48, 0xCD, 0x80, 0x04, 0xC9, 0xC9, 0x07, 0x00],
            [0xC1, 0x0B, 0x00, 0x05, 0x00, 0xFA, 0xFF, 0x48, 0x65, 0x6C, 0x6C, 0x6F, 0x00],
            [0xC1, 0x08, 0xF3, 0x48, 0xCD, 0xC9, 0xC9, 0x07, 0x00, 0x00],
            [0xC1, 0x0D, 0xF2, 0x48, 0x05, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xCA, 0xC9, 0xC9, 0x07, 0x00],
        ] as [[UInt8]])
    func `the examples of the RFC are read, cut anywhere`(frames: [UInt8]) {
        for size in 1...frames.count {
            let client = WebSocketPeer(.client, isCompressed: true)
            client.receive(frames, cutEvery: size)
            #expect(client.events == [.text("Hello")])
        }
    }

    @Test func `large messages are compressed, small ones are not, and both come back`() {
        let server = WebSocketPeer(isCompressed: true)
        let client = WebSocketPeer(.client, isCompressed: true)
        #expect(server.text(long) && server.text("short"))
        #expect(server.output.count < 60)
        client.receive(server.take())
        #expect(client.events == [.text(long), .text("short")])
        #expect(client.binary(long))
        server.receive(client.take(), cutEvery: 3)
        #expect(server.events == [.binary(long)])
    }

    @Test func `what does not shrink is sent as it is`() {
        var state: UInt64 = 5
        let noise = (0..<500).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(state >> 56)
        }
        let server = WebSocketPeer(isCompressed: true)
        #expect(server.binary(Bytes(noise)))
        #expect(server.output.count == 504)
        #expect(PreparedMessage(binary: Bytes(noise)).compressedFrame == Bytes(server.output))
    }

    @Test func `a bomb fails with 1009`() throws {
        let bomb = try packed([UInt8](repeating: 0, count: 20 << 20))
        let server = WebSocketPeer(isCompressed: true)
        server.receive(clientFrame(0xC2, bomb))
        #expect(
            server.events == [
                .failed(WebSocketFailure(code: .tooLarge, reason: "message over 1048576 bytes"))
            ])
    }

    @Test func `exactly the limit comes through compressed`() throws {
        let bytes = [UInt8](repeating: 9, count: 5000)
        let server = WebSocketPeer(isCompressed: true, messageBytesMax: 5000)
        server.receive(clientFrame(0xC2, try packed(bytes)))
        #expect(server.events == [.binary(Bytes(bytes))])
    }

    @Test func `a message that does not shrink comes through up to the limit although it grew`() throws {
        var state: UInt64 = 6
        let noise = (0..<100_000).map { _ in
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return UInt8(state >> 56)
        }
        let server = WebSocketPeer(isCompressed: true, messageBytesMax: noise.count)
        let payload = try packed(noise)
        #expect(payload.count > noise.count)
        server.receive(clientFrame(0xC2, payload))
        #expect(server.events == [.binary(Bytes(noise))])
    }

    @Test func `what is no deflate stream fails with 1007`() {
        let server = WebSocketPeer(isCompressed: true)
        server.receive(clientFrame(0xC2, [0xFF, 0xFF, 0xFF]))
        #expect(
            server.events == [.failed(WebSocketFailure(code: .invalidData, reason: "not a deflate stream"))])
    }

    @Test func `compressed text that is not UTF-8 fails with 1007`() throws {
        let server = WebSocketPeer(isCompressed: true)
        server.receive(clientFrame(0xC1, try packed([0x61, 0xFF])))
        #expect(server.events == [.failed(WebSocketFailure(code: .invalidData, reason: "text is not UTF-8"))])
    }

    @Test func `a stream that its sender ended is read`() throws {
        let server = WebSocketPeer(isCompressed: true)
        server.receive(clientFrame(0xC1, try packed(long.array, isFinal: true)))
        #expect(server.events == [.text(long)])
    }

    @Test(arguments: [0xC0, 0xC8, 0xC9, 0xCA] as [UInt8])
    func `the compression bit on anything but a message's first frame fails`(first: UInt8) {
        let server = WebSocketPeer(isCompressed: true)
        server.receive(clientFrame(0x01, [0x61]) + clientFrame(first))
        #expect(
            server.events == [.failed(WebSocketFailure(code: .protocolError, reason: "reserved bit set"))])
    }

    @Test func `a prepared message is compressed once, and only for those who agreed`() {
        let message = PreparedMessage(text: long)
        let plain = WebSocketPeer()
        let packing = [WebSocketPeer(isCompressed: true), WebSocketPeer(isCompressed: true)]
        #expect(plain.frame(of: message) == message.frame)
        #expect(message.payload == long)
        let frames = packing.compactMap { $0.frame(of: message) }
        #expect(frames[0] == frames[1] && frames[0].count < 40)
        let client = WebSocketPeer(.client, isCompressed: true)
        client.receive(frames[0].array + message.frame.array)
        #expect(client.events == [.text(long), .text(long)])
    }
}
