package import HTTPServer
import Base
import BotAPI
import Identity
package import Kernel
import Wire

/// The routes by which people and programs send.
package struct SendRoutes: Sendable {
    private let sends: Sends
    private let intake: SendIntake
    private let audit: AuditLog

    /// Files take their time.
    private static let uploadPatience = Duration.seconds(60)
    private static let batchBytesMax = 8 << 20
    private static let batchMax = 1000

    /// Routes over the room; what changes a bot itself is written into the audit log.
    package init(_ sends: Sends, _ audit: AuditLog) {
        self.sends = sends
        self.audit = audit
        intake = SendIntake(sends: sends)
    }

    /// All of them.
    package var routes: [Route] {
        sending + MessageRoutes(intake: intake).routes + BotCallRoutes(intake: intake, audit: audit).routes
    }

    private var sending: [Route] {
        let submit: Handler = { try await self.submit($0) }
        return [
            Route(
                .post, "/api/v1/chats/{id:int}/messages", .needs(.chatsSend),
                Self.submission("sendToChat", "Send to a chat"), patience: Self.uploadPatience,
                handler: submit),
            Route(
                .post, "/api/v1/messages/send/{chatId:int}", .needs(.chatsSend),
                Self.submission("sendMessage", "Send to a chat, by the other path"),
                patience: Self.uploadPatience, handler: submit),
            Route(.post, "/api/v1/sends/batch", .needs(.chatsSend), Self.batch, rate: .bulk) {
                try await self.batch($0)
            },
            Route(.get, "/api/v1/sends", .signedIn, Self.list) { try await self.list($0) },
            Route(.get, "/api/v1/sends/{id}", .signedIn, Self.lookUp) { request in
                SendIntake.answer(request, try await self.visible(request))
            },
            Route(.post, "/api/v1/sends/{id}/cancel", .needs(.chatsSend), Self.cancel) { request in
                let send = try await self.visible(request, toChange: true)
                return SendIntake.answer(request, try await self.sends.cancel(send))
            },
            Route(.get, "/api/v1/bots/{id:int}/budget", .needs(.chatsSend), Self.budget) {
                try await self.budget($0)
            },
        ]
    }

    // MARK: Sending

    private func submit(_ request: Request) async throws -> Response {
        let chat = Int64(request.parameters["id"]) ?? Int64(request.parameters["chatId"])
        let fields = try await SendForm.fields(
            of: request, formBytesMax: sends.core.parts.settings.bodyBytesMax)
        return try await intake.take(request, try SendBody.parse(fields, chat: chat))
    }

    // MARK: A batch

    private func batch(_ request: Request) async throws -> Response {
        let caller = try request.signedIn
        let bytes = try await request.body.collect(max: Self.batchBytesMax)
        guard let list = try SendForm.parse(bytes)["sends"], list.kind == .array,
            (1...Self.batchMax).contains(list.count)
        else { throw SendError.invalid("sends", "must be an array of 1 to \(Self.batchMax)") }
        var results: [Result<Send, APIError>?] = []
        var drafts: [SendDraft] = []
        for item in list.elements {
            do {
                let draft = try await intake.draft(
                    try SendBody.parse(try SendFields(item), chat: nil), caller)
                try sends.check(draft, caller)
                drafts.append(draft)
                results.append(nil)
            } catch let error as SendError {
                results.append(.failure(error.apiError ?? APIError(.internalError)))
            }
        }
        var stored = try await sends.submit(drafts, by: caller)[...]
        let all = results.map { result in
            result ?? stored.popFirst().map(Self.result) ?? .failure(APIError(.internalError))
        }
        return Self.answer(request, all)
    }

    private static func result(_ stored: SendStore.Stored) -> Result<Send, APIError> {
        switch stored {
        case .new(let send), .known(let send): .success(send)
        case .otherRequest: .failure(SendError.keyReused.apiError ?? APIError(.conflict))
        }
    }

    private static func answer(_ request: Request, _ results: [Result<Send, APIError>]) -> Response {
        let accepted = results.count { if case .success = $0 { true } else { false } }
        return Envelope.success(
            to: request, status: .accepted,
            meta: ["count": .integer(Int64(results.count)), "accepted": .integer(Int64(accepted))]
        ) {
            $0.object {
                $0.key("sends")
                $0.array {
                    for result in results {
                        $0.object {
                            switch result {
                            case .success(let send): $0.field("send", send)
                            case .failure(let error):
                                $0.key("error")
                                $0.object {
                                    $0.field("code", error.code.rawValue)
                                    $0.field("message", error.message)
                                }
                            }
                        }
                    }
                }
            }
        }
    }

    // MARK: Looking

    /// The send of the path; told of only to whoever sent it or reaches its chat.
    private func visible(_ request: Request, toChange: Bool = false) async throws -> Send {
        let caller = try request.signedIn
        guard let send = try await sends.send(try request.identifier("id")),
            Self.isVisible(send, to: caller, toChange ? .send : .read)
        else { throw APIError(.notFound) }
        return send
    }

    private static func isVisible(_ send: Send, to caller: Caller, _ right: ChatReach.Right) -> Bool {
        if send.owner == caller.subject { return true }
        return caller.may(right == .read ? .chatsRead : .chatsSend)
            && caller.reach.allows(right, chat: send.chat, source: .bot(send.bot))
    }

    private func list(_ request: Request) async throws -> Response {
        let caller = try request.signedIn
        let limit = try request.number("limit", in: 1...500, absent: 100)
        var filter = try Self.filter(request)
        // Who reads no chats sees only what is their own, and needs not look through everybody's.
        if !caller.may(.chatsRead) || caller.reach.read.isEmpty { filter.owner = caller.subject }
        var found: [Send] = []
        var isEnd = false
        // What may be seen can be sparse; then a page is short, and its cursor says how far it has looked.
        for _ in 0..<10 where found.count < limit && !isEnd {
            let page = try await sends.core.store.page(filter, limit: limit)
            isEnd = page.count < limit
            for send in page where found.count < limit {
                filter.before = send.id
                if Self.isVisible(send, to: caller, .read) { found.append(send) }
            }
        }
        let next = isEnd && found.count < limit ? nil : filter.before.map { "\($0)" }
        return Envelope.page(to: request, "sends", found, next: next)
    }

    private static func filter(_ request: Request) throws -> SendStore.Filter {
        var filter = SendStore.Filter()
        if let text = request.queryItem("state") {
            guard let state = Send.State(rawValue: text.uppercased()) else {
                throw SendError.invalid("state", "is no state of a send")
            }
            filter.state = state
        }
        for (names, path) in [
            (["chatId", "chat_id"], \SendStore.Filter.chat), (["botId", "bot_id"], \.bot),
            (["cursor"], \.before),
        ] as [([String], WritableKeyPath<SendStore.Filter, Int64?>)] {
            guard let text = names.lazy.compactMap({ request.queryItem($0) }).first else { continue }
            guard let number = Int64(text) else {
                throw SendError.invalid(names[0], "must be a whole number")
            }
            filter[keyPath: path] = number
        }
        return filter
    }

    // MARK: Limits

    private func budget(_ request: Request) async throws -> Response {
        guard let bot = Int64(request.parameters["id"]), sends.core.parts.token(bot) != nil,
            try request.signedIn.reach.send.mayHold(source: .bot(bot))
        else { throw APIError(.notFound) }
        return Envelope.one(to: request, "budget", try await sends.currentBudget(of: bot))
    }
}
