import Base
import Wire

/// Reads frames at once and in pieces, which must tell the same; what it answers must be good frames again.
@Sendable func fuzzWebSocket(_ bytes: Bytes) {
    guard let options = bytes.first else { return }
    let (input, size) = pieces(bytes.part(1, bytes.count - 1))
    let role: WebSocketRole = options & 1 == 0 ? .server : .client
    let isCompressed = options & 2 != 0
    let whole = WebSocketSeen(input, size: max(1, input.count), role, isCompressed)
    let parts = WebSocketSeen(input, size: size, role, isCompressed)
    expect(whole.events == parts.events, "pieces tell what the whole tells")
    // A client masks by chance, so that only the lengths agree.
    expect(whole.output.count == parts.output.count, "pieces are answered as the whole is")

    let peer = WebSocketSeen(
        Bytes(whole.output), size: size, role == .server ? .client : .server, isCompressed)
    for case .failed(let failure) in peer.events { expect(false, "an answer breaks the rules: \(failure)") }
    checkMessages(whole.events, isCompressed)
}

/// What was received can be sent and is received again.
private func checkMessages(_ events: [WebSocketEvent], _ isCompressed: Bool) {
    for role in [WebSocketRole.server, .client] {
        let sender = WebSocketMachine(role: role, isCompressed: isCompressed)
        var output: [UInt8] = []
        var sent: [WebSocketEvent] = []
        for event in events {
            switch event {
            case .text(let text):
                expect(text.text != nil, "a text is UTF-8")
                sender.send(text: text, onto: &output)
            case .binary(let bytes): sender.send(binary: bytes, onto: &output)
            default: continue
            }
            sent.append(event)
        }
        let peer = WebSocketSeen(Bytes(output), size: 7, role == .server ? .client : .server, isCompressed)
        expect(peer.events == sent, "messages arrive as they were sent")
    }
}

/// What one end of a WebSocket saw and answered.
private struct WebSocketSeen {
    private static let messageBytesMax = 1 << 16

    private(set) var events: [WebSocketEvent] = []
    private(set) var output: [UInt8] = []

    init(_ input: Bytes, size: Int, _ role: WebSocketRole, _ isCompressed: Bool) {
        var machine = WebSocketMachine(
            role: role, isCompressed: isCompressed, messageBytesMax: Self.messageBytesMax)
        for piece in cut(input, into: size) {
            let memory = piece.array
            var offset = 0
            while let event = unsafe machine.next(in: memory.span.bytes, at: &offset, output: &output) {
                expect(!isOver, "nothing comes after the end")
                events.append(event)
                switch event {
                case .text(let payload), .binary(let payload):
                    expect(payload.count <= Self.messageBytesMax, "messages have a limit")
                case .ping(let payload), .pong(let payload):
                    expect(payload.count <= 125, "pings have a limit")
                case .closed, .failed: expect(machine.isEnded, "the end is the end")
                }
            }
            expect(offset == memory.count, "a machine takes all of a piece")
        }
    }

    private var isOver: Bool {
        switch events.last {
        case .closed, .failed: true
        default: false
        }
    }
}
