package import Base
import HTTPServer
import Kernel
package import Wire

/// The route by which an administrator sees the settings; secrets are masked.
struct ConfigRoutes: Sendable {
    let settings: [ResolvedSetting]

    var routes: [Route] {
        [
            Route(.get, "/api/v1/system/config", .needs(.systemRead), Self.operation) { request in
                Envelope.success(to: request) {
                    $0.object { $0.field("settings", settings.map { ShownSetting($0) }) }
                }
            }
        ]
    }

    private static let operation = Operation(
        "getSystemConfig", "Every setting, its value and where that comes from",
        description: "As they were when the server started. Secrets are masked.", tags: ["system"],
        responses: [
            .init(
                .ok, "The settings.",
                .init(.envelope(.object([.init("settings", .array(ShownSetting.schema))]))))
        ])
}

/// A setting as it is shown.
package struct ShownSetting: JSONWritable {
    private let resolved: ResolvedSetting

    /// Shows a setting.
    package init(_ resolved: ResolvedSetting) { self.resolved = resolved }

    /// The setting with its value; a secret one is masked.
    package func write(to writer: inout JSONWriter) {
        let setting = resolved.setting
        writer.object { writer in
            writer.field("key", setting.key)
            writer.field("environment", setting.variable)
            writer.field("flag", setting.flag)
            writer.field("value", resolved.shownText)
            writer.field("source", resolved.source.rawValue)
            writer.field("default", setting.defaultText)
            writer.field("kind", setting.kind)
            writer.field("help", setting.help)
            writer.field("secret", setting.isSecret)
            writer.field("reloadable", setting.isReloadable)
        }
    }

    static let schema = Schema.named(
        "Setting",
        .object([
            .init("key", .string()), .init("environment", .string()), .init("flag", .string()),
            .init("value", .string()), .init("source", .string()), .init("default", .string()),
            .init("kind", .string()), .init("help", .string()), .init("secret", .boolean),
            .init("reloadable", .boolean),
        ]))
}
