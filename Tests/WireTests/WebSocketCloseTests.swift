import Base
import Testing
import Wire

@Suite struct WebSocketCloseTests {
    private func closeFrame(_ code: Int, _ reason: [UInt8] = []) -> [UInt8] {
        clientFrame(0x88, [UInt8(code >> 8), UInt8(code & 0xFF)] + reason)
    }

    @Test(arguments: [
        1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011, 1012, 1013, 1014, 3000, 3999, 4000, 4999,
    ])
    func `a valid close code is echoed`(code: Int) {
        let server = WebSocketPeer()
        server.receive(closeFrame(code, Array("bye".utf8)))
        #expect(server.events == [.closed(WebSocketCloseCode(rawValue: UInt16(code)), reason: "bye")])
        #expect(server.output == [0x88, 2] + serverClose(UInt16(code)))
        #expect(server.isEnded)
    }

    @Test(arguments: [0, 1, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999, 5000, 65535])
    func `a close code that must not be sent fails with 1002`(code: Int) {
        let server = WebSocketPeer()
        server.receive(closeFrame(code))
        #expect(
            server.events == [.failed(WebSocketFailure(code: .protocolError, reason: "close code not valid"))]
        )
    }

    @Test func `a close without a code is echoed without one`() {
        let server = WebSocketPeer()
        server.receive(clientFrame(0x88))
        #expect(server.events == [.closed(nil, reason: "")])
        #expect(server.output == [0x88, 0])
    }

    @Test func `half a close code fails with 1002`() {
        let server = WebSocketPeer()
        server.receive(clientFrame(0x88, [3]))
        #expect(
            server.events == [.failed(WebSocketFailure(code: .protocolError, reason: "close code cut short"))]
        )
    }

    @Test func `a close reason that is not UTF-8 fails with 1007`() {
        let server = WebSocketPeer()
        server.receive(closeFrame(1000, [0xCE, 0xBA, 0xED, 0xA0]))
        #expect(
            server.events == [
                .failed(WebSocketFailure(code: .invalidData, reason: "close reason is not UTF-8"))
            ])
    }

    @Test func `our close is answered once and ends both sides`() {
        let (server, client) = (WebSocketPeer(), WebSocketPeer(.client))
        server.close(.goingAway, "back soon")
        #expect(!server.isOpen && !server.isEnded)
        client.receive(server.take())
        #expect(client.events == [.closed(.goingAway, reason: "back soon")])
        server.receive(client.take())
        #expect(server.events == [.closed(.goingAway, reason: "")])
        #expect(server.output == [])
        #expect(server.isEnded && client.isEnded)
    }

    @Test func `messages under way when we close are still read, pings no longer answered`() {
        let server = WebSocketPeer()
        server.close(.normal)
        let output = server.output
        server.receive(clientFrame(0x81, [0x61]) + clientFrame(0x89, [1]))
        #expect(server.events == [.text("a"), .ping([1])])
        #expect(server.output == output)
    }

    @Test func `a close between the fragments of a message ends it`() {
        let server = WebSocketPeer()
        server.receive(clientFrame(0x01, [0x61]) + closeFrame(1000) + clientFrame(0x80, [0x62]))
        #expect(server.events == [.closed(.normal, reason: "")])
    }

    @Test func `a long reason is cut at a character`() {
        let (server, client) = (WebSocketPeer(), WebSocketPeer(.client))
        server.close(.normal, String(repeating: "€", count: 50))
        client.receive(server.take())
        #expect(client.events == [.closed(.normal, reason: String(repeating: "€", count: 41))])
    }
}
