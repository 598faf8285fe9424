import Base
import Testing
import Wire

@Suite struct WebSocketTextTests {
    /// Valid texts of every kind, and whether Swift agrees.
    private static let valid: [[UInt8]] = [
        [], [0x00], [0x7F], [0xC2, 0x80], [0xDF, 0xBF], [0xE0, 0xA0, 0x80], [0xED, 0x9F, 0xBF],
        [0xEE, 0x80, 0x80], [0xEF, 0xBF, 0xBF], [0xEF, 0xBB, 0xBF], [0xF0, 0x90, 0x80, 0x80],
        [0xF4, 0x8F, 0xBF, 0xBF], Array("κόσμε 😀 and sixteen ASCII bytes".utf8),
    ]

    /// Each with the number of bytes after which it can no longer become UTF-8.
    private static let invalid: [([UInt8], Int)] = [
        ([0x80], 1), ([0xBF], 1), ([0xC0, 0x80], 1), ([0xC1, 0xBF], 1), ([0xC2, 0x20], 2),
        ([0xE0, 0x80, 0x80], 2),
        ([0xE0, 0x9F, 0xBF], 2), ([0xED, 0xA0, 0x80], 2), ([0xED, 0xBF, 0xBF], 2), ([0xE1, 0x80, 0xC0], 3),
        ([0xF0, 0x80, 0x80, 0x80], 2), ([0xF0, 0x8F, 0xBF, 0xBF], 2), ([0xF4, 0x90, 0x80, 0x80], 2),
        ([0xF5, 0x80, 0x80, 0x80], 1), ([0xF8, 0x88], 1), ([0xFE], 1), ([0xFF], 1),
        (Array("κόσμε".utf8) + [0xED, 0xA0, 0x80] + Array("edited".utf8), 12),
        (Array("sixteen bytes of".utf8) + [0xF4, 0x90], 18),
    ]

    private let failure = WebSocketEvent.failed(
        WebSocketFailure(code: .invalidData, reason: "text is not UTF-8"))

    @Test(arguments: valid) func `valid text comes through, each byte a fragment`(text: [UInt8]) {
        let server = WebSocketPeer()
        server.receive(clientFrame(0x01))
        for byte in text { server.receive(clientFrame(0x00, [byte])) }
        server.receive(clientFrame(0x80))
        #expect(server.events == [.text(Bytes(text))])
    }

    @Test(arguments: valid) func `valid text comes through in one frame`(text: [UInt8]) {
        let server = WebSocketPeer()
        server.receive(clientFrame(0x81, text))
        #expect(server.events == [.text(Bytes(text))])
    }

    @Test(arguments: invalid) func `wrong text fails at its first wrong byte within a frame`(
        text: [UInt8], position: Int
    ) {
        let server = WebSocketPeer()
        let frame = clientFrame(0x81, text + Array("more to come".utf8))
        server.receive(Array(frame[..<(6 + position - 1)]))
        #expect(server.events == [])
        server.receive([frame[6 + position - 1]])
        #expect(server.events == [failure])
        #expect(Array(server.output[2..<4]) == serverClose(1007))
    }

    @Test(arguments: invalid) func `wrong text fails at its first wrong byte across fragments`(
        text: [UInt8], position: Int
    ) {
        let server = WebSocketPeer()
        server.receive(clientFrame(0x01))
        for byte in text[..<(position - 1)] { server.receive(clientFrame(0x00, [byte])) }
        #expect(server.events == [])
        server.receive(clientFrame(0x00, [text[position - 1]]))
        #expect(server.events == [failure])
    }

    @Test(arguments: [[0xC2], [0xE2, 0x82], [0xF0, 0x9F, 0x98]] as [[UInt8]])
    func `text that ends within a character fails`(text: [UInt8]) {
        let server = WebSocketPeer()
        server.receive(clientFrame(0x81, text))
        #expect(
            server.events == [
                .failed(WebSocketFailure(code: .invalidData, reason: "text ends within a character"))
            ])
    }

    @Test func `the check agrees with Swift for every two bytes`() {
        var wrong: [[UInt8]] = []
        for first in UInt8.min ... .max {
            for second in UInt8.min ... .max {
                let text = [first, second]
                let server = WebSocketPeer()
                server.receive(clientFrame(0x81, text))
                let isText = server.events == [.text(Bytes(text))]
                if isText != (String(validating: text, as: UTF8.self) != nil) { wrong.append(text) }
            }
        }
        #expect(wrong == [])
    }

    @Test func `binary may be anything`() {
        let server = WebSocketPeer()
        server.receive(clientFrame(0x82, [0xFF, 0xC0]))
        #expect(server.events == [.binary([0xFF, 0xC0])])
    }
}
