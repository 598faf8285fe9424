import Base
import HTTPServer
import Reactor
import Wire

/// What goes wrong on purpose.
extension BotDoor {
    /// What a fault answers instead of the call being carried out; nil where it only delays.
    func before(_ fault: Fault, _ bot: Int64, _ name: String, _ request: Request) async -> Response? {
        switch fault.kind {
        case .tooMany(let seconds): return tooMany(seconds, bot)
        case .status(let code, let words): return Self.response(.failure(BotError(code, words)))
        case .slow(let milliseconds):
            await pause(.milliseconds(milliseconds), request)
            return nil
        case .hang:
            await pause(.seconds(3600), request)
            return Self.response(.failure(BotError(504, "Gateway Timeout")))
        case .cut: return Self.cut(Self.response(.success(.done)))
        case .duplicate, .reorder: return nil
        }
    }

    /// What becomes of the answer to a call that was carried out.
    func after(
        _ fault: Fault, _ response: Response, _ bot: Int64, _ name: String, _ request: Request
    ) async -> Response {
        switch fault.kind {
        case .tooMany(let seconds): return tooMany(seconds, bot)
        case .status(let code, let words): return Self.response(.failure(BotError(code, words)))
        case .slow(let milliseconds): await pause(.milliseconds(milliseconds), request)
        case .hang: await pause(.seconds(3600), request)
        case .cut: return Self.cut(response)
        case .duplicate, .reorder: break
        }
        return response
    }

    private func tooMany(_ seconds: Int, _ bot: Int64) -> Response {
        closeFor(seconds, bot)
        return Self.response(.failure(.tooMany(seconds)))
    }

    /// Waits, unless the client goes or the server stops.
    private func pause(_ time: Duration, _ request: Request) async {
        await withTaskGroup(of: Void.self) { group in
            // Whatever ends the sleep early ends the pause.
            group.addTask { try? await request.connection.loop.sleep(for: time) }
            group.addTask { await request.connection.drain.wait() }
            await group.next()
            group.cancelAll()
        }
    }

    /// The same answer, broken off half way.
    private static func cut(_ response: Response) -> Response {
        guard case .bytes(let body) = response.body else { return response }
        return .stream(
            status: response.status, fields: response.fields, length: UInt64(body.count)
        ) { writer in
            try await writer.write(body.part(0, body.count / 2))
            throw BotError(500, "cut")
        }
    }
}
