import Base
import Wire

/// One end of a WebSocket in a test: a machine, what it has to send, and what it saw.
final class WebSocketPeer {
    private var machine: WebSocketMachine
    var output: [UInt8] = []
    var events: [WebSocketEvent] = []

    init(_ role: WebSocketRole = .server, isCompressed: Bool = false, messageBytesMax: Int = 1 << 20) {
        machine = WebSocketMachine(role: role, isCompressed: isCompressed, messageBytesMax: messageBytesMax)
    }

    var isOpen: Bool { machine.isOpen }
    var isEnded: Bool { machine.isEnded }

    /// Gives the machine the bytes in one piece.
    func receive(_ bytes: [UInt8]) {
        var offset = 0
        while let event = unsafe machine.next(in: bytes.span.bytes, at: &offset, output: &output) {
            events.append(event)
        }
        precondition(offset == bytes.count, "the machine left bytes unread")
    }

    /// Gives the machine the bytes in pieces of `size`.
    func receive(_ bytes: [UInt8], cutEvery size: Int) {
        for start in stride(from: 0, to: bytes.count, by: size) {
            receive(Array(bytes[start..<min(bytes.count, start + size)]))
        }
    }

    func text(_ text: Bytes) -> Bool { machine.send(text: text, onto: &output) }
    func binary(_ bytes: Bytes) -> Bool { machine.send(binary: bytes, onto: &output) }
    func ping(_ bytes: Bytes = Bytes()) -> Bool { machine.ping(bytes, onto: &output) }
    func close(_ code: WebSocketCloseCode, _ reason: String = "") {
        machine.close(code, reason, onto: &output)
    }
    func frame(of message: PreparedMessage) -> Bytes? { machine.frame(of: message) }

    /// Takes what is to be sent.
    func take() -> [UInt8] {
        defer { output = [] }
        return output
    }
}

/// A frame as a client sends it, made by hand so that it can be wrong.
func clientFrame(
    _ first: UInt8, _ payload: [UInt8] = [], key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
) -> [UInt8] {
    let length: [UInt8] =
        switch payload.count {
        case ..<126: [0x80 | UInt8(payload.count)]
        case ...0xFFFF:
            [0x80 | 126] + (0..<2).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        default:
            [0x80 | 127] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> ($0 * 8)) }
        }
    return [first] + length + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
}

/// The close frame that a server sends for a failure, up to its code.
func serverClose(_ code: UInt16) -> [UInt8] { [UInt8(code >> 8), UInt8(code & 0xFF)] }
