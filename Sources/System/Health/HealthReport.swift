import Base
import HTTPServer
package import Wire

/// How the program is at one moment.
package struct HealthReport: Sendable {
    /// What is known of a part.
    package struct Part: Sendable {
        package var name: String
        package var health: PartHealth
        package var isRequired: Bool
    }

    package let version: String
    package let uptime: Duration
    package private(set) var parts: [Part] = []

    init(version: String, uptime: Duration) {
        self.version = version
        self.uptime = uptime
    }

    mutating func add(_ name: String, _ health: PartHealth, isRequired: Bool) {
        parts.append(Part(name: name, health: health, isRequired: isRequired))
    }

    /// Whether requests may be sent here: every required part works.
    package var isReady: Bool { !parts.contains { $0.isRequired && $0.health.status == .failed } }

    /// The whole: failed where a required part has failed, degraded where anything else is not well.
    package var status: PartHealth.Status {
        guard isReady else { return .failed }
        return parts.allSatisfy { $0.health.status == .ok } ? .ok : .degraded
    }

    /// Why the program is not ready, in a sentence.
    var failure: String {
        let failed = parts.filter { $0.isRequired && $0.health.status == .failed }
        return failed.map { "\($0.name): \($0.health.reason ?? "failed")" }.joined(separator: "; ")
    }

    static let schema = Schema.named(
        "Health",
        .object([
            .init("status", .string(values: PartHealth.Status.allCases.map(\.rawValue)), "The whole."),
            .init("live", .boolean, "Whether the process answers at all; always true in an answer."),
            .init("ready", .boolean, "Whether requests may be sent here."),
            .init("version", .string(), "The version of the program."),
            .init("uptimeSeconds", .integer, "How long it has been running."),
            .init("parts", .array(partSchema), "Each part of the program."),
        ]))

    private static let partSchema = Schema.named(
        "HealthPart",
        .object([
            .init("name", .string(), "What the part is called."),
            .init("status", .string(values: PartHealth.Status.allCases.map(\.rawValue)), "How it is."),
            .init("required", .boolean, "Whether the program is of no use without it."),
            .init("reason", .nullable(.string()), "Why it is not well; null where it is."),
            .init("ageMilliseconds", .integer, "How old this knowledge is."),
        ]))
}

extension HealthReport: JSONWritable {
    /// Writes the document that `schema` describes.
    package func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("status", status.rawValue)
            $0.field("live", true)
            $0.field("ready", isReady)
            $0.field("version", version)
            $0.field("uptimeSeconds", Int(uptime.components.seconds))
            $0.key("parts")
            $0.array { for part in parts { part.write(to: &$0) } }
        }
    }
}

extension HealthReport.Part: JSONWritable {
    package func write(to writer: inout JSONWriter) {
        writer.object {
            $0.field("name", name)
            $0.field("status", health.status.rawValue)
            $0.field("required", isRequired)
            $0.field("reason", health.reason)
            $0.field("ageMilliseconds", health.age.nanosecondsClamped / 1_000_000)
        }
    }
}
