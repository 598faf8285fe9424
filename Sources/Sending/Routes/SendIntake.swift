import Base
import BotAPI
import HTTPServer
import Identity
import Kernel
import Wire

/// What all routes that send have in common.
struct SendIntake {
    let sends: Sends

    /// Takes in what a request asks for, and answers it.
    func take(_ request: Request, _ parsed: SendBody.Parsed) async throws -> Response {
        let caller = try request.signedIn
        var parsed = parsed
        if let key = request.fields["idempotency-key"] {
            parsed.terms.idempotencyKey = try SendFields.label(key, "Idempotency-Key")
        }
        let draft = try await draft(parsed, caller)
        guard let span = parsed.terms.waits else {
            return Self.answer(request, try await sends.submit(draft, by: caller), .accepted)
        }
        let send = try await sends.submit(
            draft, by: caller, waiting: span, drain: request.connection.drain)
        return Self.answer(request, send, send.state.isFinal ? .ok : .accepted)
    }

    /// The draft, with a bot that the caller may send through.
    func draft(_ parsed: SendBody.Parsed, _ caller: Caller) async throws -> SendDraft {
        var draft = SendDraft(
            bot: try await bot(parsed.terms.bot, for: parsed.chat, caller), chat: parsed.chat,
            method: parsed.method, body: parsed.body)
        draft.priority = parsed.terms.priority
        draft.notBefore = parsed.terms.notBefore
        draft.correlation = parsed.terms.correlation
        draft.idempotencyKey = parsed.terms.idempotencyKey
        return draft
    }

    /// The bot that was named, or the one that reaches the chat.
    func bot(_ named: Int64?, for chat: Int64, _ caller: Caller) async throws -> Int64 {
        if let named { return named }
        let bots = try await sends.core.parts.bots(chat).filter {
            caller.reach.allows(.send, chat: chat, source: .bot($0))
        }
        guard bots.count == 1 else { throw SendError.unclearBot(bots.sorted()) }
        return bots[0]
    }

    static func answer(_ request: Request, _ send: Send, _ status: HTTPStatus = .ok) -> Response {
        Envelope.success(to: request, status: status) {
            $0.object {
                $0.field("send", send)
                guard let result = send.result else { return }
                $0.key("result")
                $0.raw(result)
            }
        }
    }
}
