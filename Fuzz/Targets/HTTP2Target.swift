import Base
import HTTPServer
import Wire

/// Speaks HTTP/2 to the server's machine, which answers; the order of events and the form of frames must hold.
@Sendable func fuzzHTTP2(_ bytes: Bytes) {
    guard let options = bytes.first else { return }
    let (rest, size) = pieces(bytes)
    // Half of the inputs are frames whose heads are made right, so that more than heads is tried.
    let frames = options & 0x40 == 0 ? rest : framed(rest)
    let input =
        options & 0x80 == 0
        ? Bytes(HTTP2Machine.preface.array + [0, 0, 0, 4, 0, 0, 0, 0, 0] + frames) : frames

    let whole = passive(input, size: max(1, input.count))
    let parts = passive(input, size: size)
    // nghttp2 counts a CONTINUATION frame twice when its head comes in two pieces.
    let isFlood = (whole + parts).contains {
        if case .failed(.enhanceYourCalm, _) = $0 { true } else { false }
    }
    expect(isFlood || whole == parts, "pieces tell what the whole tells: \(whole) and \(parts)")
    HTTP2Conversation().run(input, size: size)
}

/// Frames out of type, flags, stream, length and payload: lengths are made to fit.
private func framed(_ bytes: Bytes) -> Bytes {
    var frames: [UInt8] = []
    var position = 0
    while position + 4 <= bytes.count {
        let count = min(Int(bytes[position + 3]), bytes.count - position - 4)
        frames += [0, 0, UInt8(count), bytes[position], bytes[position + 1], 0, 0, 0, bytes[position + 2]]
        frames += bytes.part(position + 4, count)
        position += 4 + count
    }
    return Bytes(frames)
}

private let limits: HTTP2Limits = {
    var limits = HTTP2Limits()
    (limits.streamsMax, limits.headerBytesMax, limits.headerFieldsMax, limits.targetMax) = (4, 512, 8, 32)
    (limits.resetsBurst, limits.controlFramesBurst, limits.continuationsMax) = (8, 32, 2)
    return limits
}()

/// The events of a connection that nobody answers; parts of bodies are joined.
private func passive(_ input: Bytes, size: Int) -> [HTTP2Event] {
    let machine = HTTP2Machine(limits: limits)
    var events: [HTTP2Event] = []
    for piece in cut(input, into: size) {
        machine.receive(piece, at: 0)
        for event in machine.takeEvents() {
            // Whether anything is read behind a farewell depends on when it is read.
            if case .goaway = event { return events }
            if case .data(let id, let bytes) = event, case .data(id, let before)? = events.last {
                events[events.count - 1] = .data(id, Bytes(before.array + bytes))
            } else {
                events.append(event)
            }
        }
    }
    return events
}

/// A server that answers at once, in a way that depends on what is asked.
private final class HTTP2Conversation {
    private enum State { case open, ended, closed }

    private let machine = HTTP2Machine(limits: limits)
    private var states: [HTTP2StreamID: State] = [:]
    private var isFailed = false
    private var output: [UInt8] = []

    func run(_ input: Bytes, size: Int) {
        for (number, piece) in cut(input, into: size).enumerated() where !isFailed {
            machine.receive(piece, at: UInt64(number) * 1_000_000)
            react()
            machine.takeOutput(appendingTo: &output, countMax: 1000)
            react()
            expect(machine.streamCount <= Int(limits.streamsMax) * 2, "streams have a limit")
        }
        // A driver closes the connection when it has failed.
        if !isFailed { end() }
        var rounds = 0
        while machine.hasOutput, rounds < 1000 {
            machine.takeOutput(appendingTo: &output)
            rounds += 1
        }
        expect(machine.isFinished, "the end is the end")
        checkOutput()
    }

    private func end() {
        machine.beginShutdown()
        machine.takeOutput(appendingTo: &output)
        machine.finishShutdown()
        machine.takeOutput(appendingTo: &output)
        react()
        if !isFailed { machine.terminate(.noError, reason: "") }
        react()
        expect(states.values.allSatisfy { $0 == .closed }, "every stream is closed in the end")
    }

    private func react() {
        for event in machine.takeEvents() {
            expect(!isFailed, "nothing comes after the end: \(event)")
            switch event {
            case .request(let id, let head): begin(id, head)
            case .refused(let id, let status):
                open(id)
                machine.respond(id, status: status, fields: ["content-length": "0"], ends: true)
            case .data(let id, let bytes):
                expect(states[id] == .open, "a body comes between request and end")
                machine.consume(id, bytes.count)
            case .end(let id, let trailers):
                expect(states[id] == .open, "a request ends once")
                check(trailers)
                states[id] = .ended
                machine.respond(id, status: 200, fields: HeaderFields(), ends: false)
                machine.write(id, Bytes([UInt8](repeating: 0x61, count: 600)))
                machine.finish(id, trailers: ["a": "b"])
            case .closed(let id, _):
                expect(states[id] != nil && states[id] != .closed, "an open stream is closed once")
                states[id] = .closed
            case .failed: isFailed = true
            case .drained, .pong, .goaway: break
            }
        }
    }

    private func begin(_ id: HTTP2StreamID, _ head: HTTP2RequestHead) {
        open(id)
        check(head.fields)
        expect(head.path.count <= limits.targetMax, "targets have a limit")
        expect(head.fields.count <= limits.headerFieldsMax + 1, "fields have a limit")
        if head.endsStream { states[id] = .ended }
        switch head.path.count & 3 {
        case 0: machine.respond(id, status: 204, fields: HeaderFields(), ends: true)
        case 1:
            machine.respondInterim(id, status: 103)
            machine.respond(id, status: 200, fields: ["x": "y"], ends: false)
            machine.write(id, "hello")
            if head.endsStream { machine.finish(id) }
        case 2:
            machine.dropBody(id)
            machine.reset(id, .cancel)
        default: break
        }
    }

    private func open(_ id: HTTP2StreamID) {
        expect(id > 0 && id & 1 == 1, "a client's streams are odd")
        expect(states[id] == nil, "a stream is opened once")
        states[id] = .open
    }

    private func check(_ fields: HeaderFields) {
        for field in fields {
            expect(
                HeaderFields.isValid(name: field.name, value: field.value), "fields could be sent by HTTP/1")
        }
    }

    private func checkOutput() {
        var position = 0
        while position + 9 <= output.count {
            let count =
                Int(output[position]) << 16 | Int(output[position + 1]) << 8 | Int(output[position + 2])
            expect(count <= 16384, "frames have a limit")
            position += 9 + count
        }
        expect(position == output.count, "frames are whole")
    }
}
