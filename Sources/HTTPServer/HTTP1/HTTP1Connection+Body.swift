import Base
import Reactor
import Wire

// How a request's body comes in: when somebody asks for it, or to be read over.
extension HTTP1Connection: BodySource {
    func sendContinue() {
        guard body.mustContinue else { return }
        body.mustContinue = false
        stream.write { $0.append("HTTP/1.1 100 Continue\r\n\r\n") }
        stream.flush()
    }

    func nextPart() async throws -> Bytes? {
        sendContinue()
        while true {
            let part = parser.takeBody()
            if !part.isEmpty {
                try body.count(part, max: limits.bodyMax)
                return part
            }
            if parser.isComplete { return nil }
            try await receiveBody()
        }
    }

    func trailers() -> HeaderFields { parser.takeTrailers() }

    private func receiveBody() async throws {
        stream.setReadDeadline(body.deadline(server.server.spans.body))
        stream.setWorkDeadline(.max)
        defer { extendWork() }
        let arrival = try await stream.receive { intake.feed($0) }
        if case .bytes = arrival, parser.failure == nil { return }
        body.isBroken = true
        switch arrival {
        case .bytes: throw APIError(.badRequest, "The body is not valid")
        case .end: throw APIError(.badRequest, "The body ended early")
        case .timedOut: throw APIError(.requestTimeout, "The body took too long")
        }
    }

    /// Waiting for the client does not count as the handler's time.
    func extendWork() {
        guard isHandling else { return }
        stream.setWorkDeadline(server.loop.now &+ server.server.spans.handler &+ patience)
    }

    /// Reads over what the handler left of the body.
    func skipBody() async -> Bool {
        while !parser.isComplete {
            _ = parser.takeBody()
            do { try await receiveBody() } catch { return false }
        }
        _ = parser.takeBody()
        return true
    }
}
