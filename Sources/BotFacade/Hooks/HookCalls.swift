import Base
import HTTPServer
import Kernel
import Wire

/// `setWebhook`, `deleteWebhook` and `getWebhookInfo`: where a program has its updates delivered.
struct HookCalls: Sendable {
    let log: EventLog
    let programs: Programs
    let polls: ActivePolls
    let clocks: Clocks
    /// Wakes whoever delivers.
    let changed: @Sendable () -> Void

    func set(_ arguments: CallArguments, _ program: Program) async throws -> Response {
        guard let text = arguments["url"], !text.isEmpty else { return try await delete(arguments, program) }
        guard text.utf8.count <= 2048, text.utf8.allSatisfy({ (0x21...0x7e).contains($0) }),
            WebAddress(text.prefix { $0 != "?" && $0 != "#" }) != nil
        else {
            return CallAnswer.failure(400, "Bad Request: invalid webhook URL specified")
        }
        guard arguments["certificate"] == nil else {
            return CallAnswer.failure(
                400, "Bad Request: bad webhook: certificates of one's own are not taken here")
        }
        let secret = arguments["secret_token"].flatMap { $0.isEmpty ? nil : $0 }
        if let secret {
            guard secret.utf8.count <= 256 else {
                return CallAnswer.failure(400, "Bad Request: secret token is too long")
            }
            guard secret.utf8.allSatisfy(Self.isSecretByte) else {
                return CallAnswer.failure(400, "Bad Request: secret token contains unallowed characters")
            }
        }
        let connections = Int(
            min(100, max(1, try arguments.integer("max_connections") ?? Int64(Program.connectionsUsual))))
        let allowed = try AllowedUpdates.read(arguments)
        let drops = arguments.flag("drop_pending_updates")
        try await keepOrDrop(arguments, program)
        let (before, isChanged) = try await programs.change(program.keyID, program.botID) {
            [programs] program in
            let old = program
            (program.url, program.connections) = (text, connections)
            if let allowed { program.allowedUpdates = allowed.kinds }
            let isSame = program.asksAs(old) && programs.secret(secret, isThatOf: old)
            // Programs set it each time that they start, which is nothing to begin anew for; but what is dropped may be
            // on its way.
            guard !isSame || drops else { return false }
            program.sealedSecret = try secret.map { try programs.seal($0, of: program) }
            (program.lastError, program.lastErrorAt) = (nil, nil)
            return true
        }
        if isChanged {
            polls.interrupt(program.id)
            changed()
        }
        return CallAnswer.success(
            CallAnswer.yes,
            description: before.url == text ? "Webhook is already set" : "Webhook was set")
    }

    func delete(_ arguments: CallArguments, _ program: Program) async throws -> Response {
        try await keepOrDrop(arguments, program)
        let (_, wasSet) = try await programs.change(program.keyID, program.botID) { program in
            guard program.url != nil else { return false }
            (program.url, program.sealedSecret) = (nil, nil)
            return true
        }
        changed()
        return CallAnswer.success(
            CallAnswer.yes, description: wasSet ? "Webhook was deleted" : "Webhook is already deleted")
    }

    func info(_ program: Program, _ reach: ChatReach) async throws -> Response {
        let pending = try await pending(program, reach)
        var writer = JSONWriter()
        writer.object {
            $0.field("url", program.url ?? "")
            $0.key("has_custom_certificate")
            $0.value(false)
            $0.field("pending_update_count", pending)
            if let error = program.lastError, let time = program.lastErrorAt {
                $0.field("last_error_date", Int(time.seconds))
                $0.field("last_error_message", error)
            }
            if program.url != nil { $0.field("max_connections", program.connections) }
            if let kinds = program.allowedUpdates { $0.field("allowed_updates", kinds) }
        }
        return CallAnswer.success(writer.finish())
    }

    /// How many updates wait, counted up to a bound.
    private func pending(_ program: Program, _ reach: ChatReach) async throws -> Int {
        let position = try await programs.position(of: program)
        return try await log.kept(program.filter(reach), after: position, limit: 1000).events.count
    }

    /// The first call of a program begins with what is still to come, and so does one that drops what waits.
    private func keepOrDrop(_ arguments: CallArguments, _ program: Program) async throws {
        if arguments.flag("drop_pending_updates") {
            try await programs.begin(program)
        } else {
            _ = try await programs.position(of: program)
        }
    }

    private static func isSecretByte(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), 0x30...0x39: true
        default: byte == UInt8(ascii: "_") || byte == UInt8(ascii: "-")
        }
    }
}
