import Base
import Testing
import Wire

/// A small generator, the same for the same seed.
private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

@Suite struct WebSocketPropertyTests {
    @Test(arguments: UInt64(0)..<40)
    func `random messages go from client to server and back at random cuts`(seed: UInt64) {
        var random = SplitMix(state: seed)
        let isCompressed = Bool.random(using: &random)
        let client = WebSocketPeer(.client, isCompressed: isCompressed)
        let server = WebSocketPeer(.server, isCompressed: isCompressed)
        var sent: [WebSocketEvent] = []
        for _ in 0..<20 {
            let event = message(&random)
            sent.append(event)
            send(event, client)
        }
        receive(client.take(), server, &random)
        #expect(server.events == sent, "seed \(seed)")
        for event in server.events { send(event, server) }
        receive(server.take(), client, &random)
        // Each ping was answered by a pong and sent back as a ping.
        let back = client.events.filter { if case .pong = $0 { false } else { true } }
        #expect(back == sent, "seed \(seed)")
    }

    @Test(arguments: UInt64(0)..<200) func `random bytes end in an event or in waiting, never in a trap`(
        seed: UInt64
    ) {
        var random = SplitMix(state: seed)
        let server = WebSocketPeer(isCompressed: true, messageBytesMax: 4096)
        // Mostly valid first bytes, so that it gets somewhere.
        for _ in 0..<50 where !server.isEnded {
            let first =
                ([0x81, 0x82, 0x01, 0x00, 0x80, 0xC1, 0xC2, 0x88, 0x89, 0x8A] as [UInt8]).randomElement(
                    using: &random) ?? 0
            let count = Int.random(in: 0...200, using: &random)
            let payload = (0..<count).map { _ in UInt8.random(in: 0x20...0x7E, using: &random) }
            var frame = clientFrame(first, payload)
            if Int.random(in: 0..<8, using: &random) == 0 {
                frame[Int.random(in: 0..<frame.count, using: &random)] ^=
                    1 << UInt8.random(in: 0..<8, using: &random)
            }
            receive(frame, server, &random)
        }
        if server.isEnded { #expect(server.output.suffix(130).contains(0x88), "seed \(seed)") }
    }

    private func message(_ random: inout SplitMix) -> WebSocketEvent {
        let count = [0, 5, 125, 126, 1000, 70_000].randomElement(using: &random) ?? 0
        let isNoise = Bool.random(using: &random)
        let bytes = (0..<count).map { _ in isNoise ? UInt8.random(in: 0...255, using: &random) : 0x61 }
        switch Int.random(in: 0..<4, using: &random) {
        case 0: return .ping(Bytes(bytes.prefix(125)))
        case 1: return .binary(Bytes(bytes))
        default: return .text(Bytes(Bytes(bytes).repairedText))
        }
    }

    private func send(_ event: WebSocketEvent, _ peer: WebSocketPeer) {
        switch event {
        case .text(let text): #expect(peer.text(text))
        case .binary(let bytes): #expect(peer.binary(bytes))
        case .ping(let bytes): #expect(peer.ping(bytes))
        default: break
        }
    }

    private func receive(_ bytes: [UInt8], _ peer: WebSocketPeer, _ random: inout SplitMix) {
        var rest = bytes[...]
        while !rest.isEmpty {
            let piece = rest.prefix(Int.random(in: 1...5000, using: &random))
            rest = rest.dropFirst(piece.count)
            peer.receive(Array(piece))
        }
    }
}
