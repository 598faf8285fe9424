import Base
import Kernel
import Store
import Wire

/// `heliograph audit`: whether the audit log is whole, and what it holds.
enum AuditCommand {
    private static let limitDefault = 50

    static func run(
        _ operands: [String], _ options: [String: String], _ configuration: Configuration, isJSON: Bool
    ) async throws(UsageError) -> ExitCode {
        guard let action = operands.first else { throw UsageError("audit needs an action: verify or list") }
        guard ["verify", "list"].contains(action) else {
            throw UsageError("audit does not know \(action); it knows verify and list")
        }
        var limit = limitDefault
        if let text = options["--limit"] {
            guard let number = Int(text), (1...AuditLog.pageMax).contains(number) else {
                throw UsageError("--limit must be a whole number from 1 to \(AuditLog.pageMax), not \(text)")
            }
            limit = number
        }
        var anchor: AuditAnchor?
        if let text = options["--anchor"] {
            anchor = AuditAnchor(text)
            guard anchor != nil else {
                throw UsageError("--anchor must be an entry's number, a colon and its hash, not \(text)")
            }
        }
        let (chosen, count) = (anchor, limit)
        do {
            try requireDatabase(configuration)
            return try await withDatabase(configuration) { database in
                try await requireSchema(database)
                let audit = AuditLog(database)
                if action == "list" {
                    say(try await audit.page(limit: count).entries, isJSON)
                    return .success
                }
                let report = try await audit.verify(anchor: chosen)
                say(report, isJSON)
                return report.broken == nil ? .success : .failure
            }
        } catch {
            Terminal.complain("heliograph: \(error)\n")
            return .failure
        }
    }

    private static func say(_ report: AuditReport, _ isJSON: Bool) {
        guard isJSON else {
            if let broken = report.broken {
                Terminal.say("broken: \(broken)\n\(report.entries) entries before that hold\n")
            } else {
                Terminal.say(
                    "\(report.entries) entries, all hold\nhead \(report.entries):\(Hex.encode(report.hash))\n"
                )
            }
            return
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.field("intact", report.broken == nil)
            writer.field("entries", report.entries)
            writer.field("hash", Hex.encode(report.hash))
            writer.field("broken", report.broken?.code)
            writer.field("reason", report.broken?.description)
        }
        Terminal.say(writer.finish())
    }

    private static func say(_ entries: [AuditEntry], _ isJSON: Bool) {
        guard isJSON else {
            for entry in entries {
                let content = entry.content
                let parts = [
                    "\(entry.number)", entry.recordedAt.rfc3339, content.result.rawValue, content.actor,
                    content.action, content.target ?? "-", content.address.isEmpty ? "-" : content.address,
                    content.detail ?? "",
                ]
                Terminal.say(parts.joined(separator: "  ") + "\n")
            }
            return
        }
        var writer = JSONWriter()
        writer.object { writer in
            writer.key("entries")
            writer.array { writer in for entry in entries { write(entry, to: &writer) } }
        }
        Terminal.say(writer.finish())
    }

    private static func write(_ entry: AuditEntry, to writer: inout JSONWriter) {
        let content = entry.content
        writer.object { writer in
            writer.field("number", entry.number)
            writer.field("recordedAt", entry.recordedAt.rfc3339)
            writer.field("actor", content.actor)
            writer.field("actorName", content.actorName)
            writer.field("address", content.address)
            writer.field("credential", content.credential)
            writer.field("action", content.action)
            writer.field("target", content.target)
            writer.field("result", content.result.rawValue)
            writer.field("detail", content.detail)
            writer.field("requestId", content.requestID)
            writer.field("hash", Hex.encode(entry.hash))
        }
    }
}
