import Base
import HTTPServer
package import Kernel
package import Wire

/// The route by which the audit log is read.
struct AuditRoutes: Sendable {
    let audit: AuditLog

    var routes: [Route] {
        [
            Route(.get, "/api/v1/audit", .needs(.auditRead), Self.operation) { try await list($0) }
        ]
    }

    private static let operation = Operation(
        "listAudit", "Who did what, and who was refused what",
        description:
            "The newest first. `heliograph audit verify` tells whether anything was taken out or altered.",
        tags: ["audit"],
        parameters: Operation.paging + [
            .init("actor", in: .query, "`user:ID`, `key:ID`, `anonymous` or `console`.", .string()),
            .init("action", in: .query, "An action, or the beginning of some: `user.`.", .string()),
            .init(
                "result", in: .query, "How it ended.", .string(values: AuditResult.allCases.map(\.rawValue))),
            .init("target", in: .query, "What it was done to.", .string()),
            .init("since", in: .query, "From this time on.", .string(format: "date-time")),
            .init("until", in: .query, "Before this time.", .string(format: "date-time")),
        ], responses: Operation.list("entries", AuditEntry.schema))

    private func list(_ request: Request) async throws -> Response {
        var filter = AuditFilter(
            actor: request.queryItem("actor"), action: request.queryItem("action"),
            target: request.queryItem("target"))
        if let text = request.queryItem("result") {
            guard let result = AuditResult(rawValue: text) else {
                throw APIError.invalid("result", AuditResult.allCases.map(\.rawValue).joined(separator: ", "))
            }
            filter.result = result
        }
        filter.since = try time("since", request)
        filter.until = try time("until", request)
        let limit = try request.number("limit", in: 1...500, absent: 100)
        var cursor = AuditCursor.newest
        if let text = request.queryItem("cursor") {
            guard let number = Int64(text), number > 0 else {
                throw APIError.invalid("cursor", "a `nextCursor`")
            }
            cursor = .before(number)
        }
        let page = try await audit.page(filter, from: cursor, limit: limit)
        return Envelope.page(
            to: request, "entries", page.entries,
            next: page.hasMore ? page.entries.last.map { "\($0.number)" } : nil)
    }

    private func time(_ name: String, _ request: Request) throws(APIError) -> Timestamp? {
        guard let text = request.queryItem(name) else { return nil }
        guard let time = Timestamp(rfc3339: Bytes(text)) else {
            throw APIError.invalid(name, "a time in the form 2027-01-31T12:00:00Z")
        }
        return time
    }
}

extension AuditEntry: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("number", "\(number)")
            $0.field("recordedAt", recordedAt.rfc3339)
            $0.field("actor", content.actor)
            $0.field("actorName", content.actorName)
            $0.field("address", content.address)
            $0.field("credential", content.credential)
            $0.field("action", content.action)
            $0.field("target", content.target)
            $0.field("result", content.result.rawValue)
            $0.field("detail", content.detail)
            $0.field("requestId", content.requestID)
            $0.field("hash", Hex.encode(hash))
        }
    }

    static let schema = Schema.named(
        "AuditEntry",
        .object([
            .init("number", .string()), .init("recordedAt", .string(format: "date-time")),
            .init("actor", .string()), .init("actorName", .string()), .init("address", .string()),
            .init("credential", .string()), .init("action", .string()), .init("target", .nullable(.string())),
            .init("result", .string(values: AuditResult.allCases.map(\.rawValue))),
            .init("detail", .nullable(.string())), .init("requestId", .nullable(.string())),
            .init("hash", .string(), "SHA-256 over the entry and the hash before it."),
        ]))
}
